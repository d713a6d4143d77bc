"""Counting in a loaded model's own tokens, over its port on loopback: no round trip of the worker's, and no text twice."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from .base import IMAGE_TOKENS, ChatRequest, EngineError, Turn
from .llama_prompt import Neutraliser

COUNT_TIMEOUT_S = 30
KEPT_MAX = 4096
SEPARATORS_TRIED = 4
AROUND_MESSAGE = 64  # tokens that a template may write around one: Gemma's writes five
COUNT, WHOLE = "/tokenize", "/v1/chat/completions/input_tokens"

OF_PROMPT = ("messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "chat_template_kwargs")

Body = Callable[[ChatRequest], dict[str, Any]]


class LlamaTokens:
    """Implements filling.Tokens. Any thread may call it; what it has counted it knows, by a digest of the text."""

    def __init__(self, address: str, key: str, *, neutral: Neutraliser, control_tokens: Iterable[str], body: Body) -> None:
        self._address, self._key = address, key
        self._neutral, self._body = neutral, body
        self._separators = sorted(control_tokens)[:SEPARATORS_TRIED]
        self._known: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def whole(self, request: ChatRequest) -> int:
        """The length of the prompt that the model's own template makes of `request`. Raises EngineError."""
        text_tokens = int(self._post(WHOLE, self._of_prompt(request))["input_tokens"])
        return text_tokens + request.image_count * IMAGE_TOKENS

    def at_most(self, request: ChatRequest) -> int:
        """No token is made of less than a byte, and a template writes less around a call or a thought than JSON does."""
        asked = self._of_prompt(request)
        text = json.dumps(asked, ensure_ascii=False)
        around = AROUND_MESSAGE * (len(asked["messages"]) + 1)
        return len(text.encode("utf-8", "replace")) + around + request.image_count * IMAGE_TOKENS

    def _of_prompt(self, request: ChatRequest) -> dict[str, Any]:
        """What of the server's request the prompt is made of."""
        body = self._body(_without_images(request))
        return {name: body[name] for name in OF_PROMPT if name in body}

    def parts(self, texts: Sequence[str]) -> list[int]:
        """The length of each text inside a prompt. Raises EngineError."""
        keys = [blake2b(text.encode("utf-8", "replace"), digest_size=16).digest() for text in texts]
        with self._lock:
            known = {key: self._known[key] for key in keys if key in self._known}
        if new := {key: text for key, text in zip(keys, texts, strict=True) if key not in known}:
            counted = dict(zip(new, self._counts([*new.values()]), strict=True))
            known |= counted
            self._keep(counted)
        return [known[key] for key in keys]

    def text(self, text: str) -> list[int]:
        """The tokens of `text` inside a prompt. Raises EngineError."""
        return self._tokens(self._neutral(text))

    def _counts(self, texts: list[str]) -> list[int]:
        """All in one request, a control token between them; one by one where the model has none that it reads as one."""
        if len(texts) == 1 or self._separator is None:
            return [len(self.text(text)) for text in texts]
        separator, token = self._separator
        tokens = self._tokens(separator.join(map(self._neutral, texts)))
        ends = [place for place, found in enumerate([*tokens, token]) if found == token]
        return [end - start - 1 for start, end in zip([-1, *ends], ends, strict=False)]

    @cached_property
    def _separator(self) -> tuple[str, int] | None:
        """A control token that no text can hold, and that no other token reaches across."""
        for text in self._separators:
            if len(tokens := self._tokens(text)) == 1:
                return text, tokens[0]
        return None

    def _tokens(self, text: str) -> list[int]:
        return tokens_of(self._address, self._key, text)

    def _keep(self, counted: dict[bytes, int]) -> None:
        with self._lock:
            self._known |= counted
            for key in list(self._known)[: max(0, len(self._known) - KEPT_MAX)]:
                del self._known[key]

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _post(self._address, self._key, path, body)


def tokens_of(address: str, key: str, text: str) -> list[int]:
    """The tokens of `text` in the model whose server listens there. Raises EngineError."""
    tokens: list[int] = _post(address, key, COUNT, {"content": text})["tokens"]
    return tokens


def _without_images(request: ChatRequest) -> ChatRequest:
    """The texts alone: what an image costs is known."""
    return replace(request, images=(), turns=_blind(request.turns), since=_blind(request.since)) if request.image_count else request


def _blind(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    return tuple(replace(turn, images=()) for turn in turns)


def _post(address: str, key: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=COUNT_TIMEOUT_S)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer: dict[str, Any] = json.load(connection.getresponse())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise EngineError(f"The tokens could not be counted: {error}") from error
    finally:
        connection.close()
    if "error" in answer:
        raise EngineError(f"The tokens could not be counted: {answer['error'].get('message', 'unknown')}")
    return answer
