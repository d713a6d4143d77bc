"""`/v1/responses` in its text form: how a run looks there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from apps.api.v1.answering import packed
from apps.api.v1.citing import Citing
from apps.api.v1.following import Asking, News, Result
from apps.api.v1.response_bodies import ResponseIn
from apps.chat.models import Generation


class ResponseForm:
    """A response, or the events that tell how it grows: first what is thought, where anything is, then the text."""

    def __init__(self, model: str, citing: Citing, body: ResponseIn) -> None:
        self.model, self._citing, self._body = model, citing, body
        self._number = 0
        self._key = ""
        self._text = self._thinking = ""
        self._has_text = False

    def whole(self, result: Result) -> dict[str, Any]:
        """The response."""
        run = result.run
        self._key = UUID(str(run.pk)).hex
        thought = [self._thought(run.answer.thinking)] if run.answer.thinking else []
        return {
            **self._common(run),
            "status": "incomplete" if run.is_cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if run.is_cut else None,
            "output": [*thought, self._message(run.answer.text, result)],
            "usage": usage(run),
        }

    def begin(self, asking: Asking) -> Iterable[str]:
        """The response as it stands now: empty."""
        self._key = UUID(str(asking.run.pk)).hex
        started = {**self._common(asking.run), "status": "in_progress", "output": [], "usage": None}
        yield self._event("response.created", response=started)
        yield self._event("response.in_progress", response=started)

    def more(self, news: News) -> Iterator[str]:
        """What was thought and written since."""
        if news.thinking and not self._thinking:
            yield self._event("response.output_item.added", output_index=0, item={**self._thought(""), "status": "in_progress"})
        if news.thinking:
            self._thinking += news.thinking
            yield self._event("response.reasoning_text.delta", **self._at(self._thought_id, 0), delta=news.thinking)
        if news.text:
            yield from [] if self._has_text else self._open_text()
            self._text += news.text
            yield self._event("response.output_text.delta", **self._at(self._message_id, self._place), delta=news.text, logprobs=[])

    def end(self, result: Result) -> Iterator[str]:
        """The text and all of the response, whole."""
        yield from [] if self._has_text else self._open_text()
        message, at = self._message(result.run.answer.text, result), self._at(self._message_id, self._place)
        yield self._event("response.output_text.done", **at, text=result.run.answer.text, logprobs=[])
        yield self._event("response.content_part.done", **at, part=message["content"][0])
        yield self._event("response.output_item.done", output_index=self._place, item=message)
        whole = self.whole(result)
        yield self._event(f"response.{whole['status']}", response=whole)

    def fail(self, error: dict[str, object]) -> str:
        """The event that clients raise."""
        return self._event("error", code=error["code"], message=error["message"], param=error["param"])

    @property
    def _place(self) -> int:
        """Where the message stands in the output."""
        return 1 if self._thinking else 0

    @property
    def _message_id(self) -> str:
        return f"msg_{self._key}"

    @property
    def _thought_id(self) -> str:
        return f"rs_{self._key}"

    def _open_text(self) -> Iterator[str]:
        self._has_text = True
        if self._thinking:
            yield self._event("response.reasoning_text.done", **self._at(self._thought_id, 0), text=self._thinking)
            yield self._event("response.output_item.done", output_index=0, item=self._thought(self._thinking))
        empty = {"id": self._message_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        yield self._event("response.output_item.added", output_index=self._place, item=empty)
        yield self._event("response.content_part.added", **self._at(self._message_id, self._place), part=output_text("", []))

    def _thought(self, text: str) -> dict[str, Any]:
        content = [{"type": "reasoning_text", "text": text}] if text else []
        return {"id": self._thought_id, "type": "reasoning", "summary": [], "content": content, "status": "completed"}

    def _message(self, text: str, result: Result) -> dict[str, Any]:
        cited = self._citing.of(result)
        annotations = [{"type": one["type"], **one["url_citation"]} for one in cited.get("annotations", [])]
        status = "incomplete" if result.run.is_cut else "completed"
        content = [output_text(text, annotations)]
        message = {"id": self._message_id, "type": "message", "role": "assistant", "status": status, "content": content}
        return message | ({"citations": cited["citations"]} if cited else {})

    def _common(self, run: Generation) -> dict[str, Any]:
        body = self._body
        return {
            "id": f"resp_{self._key}",
            "object": "response",
            "created_at": int(run.created_at.timestamp()),
            "model": self.model,
            "error": None,
            "incomplete_details": None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "metadata": {},
            "parallel_tool_calls": True,
            "store": False,
            "temperature": body.temperature,
            "tool_choice": "auto",
            "tools": [],
            "top_p": body.top_p,
        }

    def _at(self, item: str, place: int) -> dict[str, Any]:
        return {"item_id": item, "output_index": place, "content_index": 0}

    def _event(self, kind: str, **fields: Any) -> str:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return f"event: {kind}\ndata: {packed(event)}\n\n"


def output_text(text: str, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    """The part of a message that is its text."""
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


def usage(run: Generation) -> dict[str, Any]:
    """What the answer cost. Clients want the details, which nobody here counts apart."""
    read, written = run.prompt_tokens, run.answer.tokens
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
