"""`/v1/chat/completions`: how a run looks there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from apps.api.v1.answering import packed
from apps.api.v1.citing import Citing
from apps.api.v1.following import Asking, News, Result
from apps.chat.models import Generation


class ChatForm:
    """A completion, or its chunks."""

    def __init__(self, model: str, citing: Citing, *, includes_usage: bool = False) -> None:
        self.model, self._citing, self._includes_usage = model, citing, includes_usage
        self._common: dict[str, Any] = {}
        self._calls = 0

    def whole(self, result: Result) -> dict[str, Any]:
        """The completion."""
        text, calls = result.run.answer.text, result.run.calls
        message = {"role": "assistant", "content": text or (None if calls else ""), "refusal": None, **self._citing.of(result)}
        if calls:
            message["tool_calls"] = [tool_call(call) for call in calls]
        if result.run.answer.thinking:
            message["reasoning_content"] = result.run.answer.thinking
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": result.finish_reason}
        return {
            **common(result.run, self.model, "chat.completion"),
            "choices": [choice],
            "usage": usage(result.run),
            "system_fingerprint": result.run.answer.engine,
        }

    def begin(self, asking: Asking) -> Iterable[str]:
        """The chunk that says who speaks."""
        self._common = common(asking.run, self.model, "chat.completion.chunk")
        yield self._chunk({"role": "assistant", "content": ""})

    def more(self, news: News) -> Iterator[str]:
        """Thinking, text and calls, in the order in which they are made. A call comes whole, in one piece."""
        if news.thinking:
            yield self._chunk({"reasoning_content": news.thinking})
        if news.text:
            yield self._chunk({"content": news.text})
        for call in news.calls:
            yield self._chunk({"tool_calls": [{"index": self._calls, **tool_call(call)}]})
            self._calls += 1

    def end(self, result: Result) -> Iterator[str]:
        """Why it ended, what was cited, and what it cost where that was asked for."""
        self._common["system_fingerprint"] = result.run.answer.engine
        yield self._chunk(self._citing.of(result), finish_reason=result.finish_reason)
        if self._includes_usage:
            yield f"data: {packed({**self._common, 'choices': [], 'usage': usage(result.run)})}\n\n"
        yield "data: [DONE]\n\n"

    def fail(self, error: dict[str, object]) -> str:
        """The event that clients raise."""
        return f"data: {packed({'error': error})}\n\n"

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage_later = {"usage": None} if self._includes_usage else {}
        return f"data: {packed({**self._common, 'choices': [choice], **usage_later})}\n\n"


def common(run: Generation, model: str, kind: str) -> dict[str, Any]:
    """What a completion and each of its chunks begin with."""
    return {"id": f"chatcmpl-{UUID(str(run.pk)).hex}", "object": kind, "created": int(run.created_at.timestamp()), "model": model}


def tool_call(call: dict[str, str]) -> dict[str, Any]:
    """A call as messages carry it."""
    return {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}


def usage(run: Generation) -> dict[str, int]:
    """What the answer cost."""
    written = run.answer.tokens
    return {"prompt_tokens": run.prompt_tokens, "completion_tokens": written, "total_tokens": run.prompt_tokens + written}
