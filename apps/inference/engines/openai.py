"""Any OpenAI-compatible server on one's own network as an engine: vLLM, llama-server, Ollama. Those that serve one model share the work."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from .base import CallPiece, ChatRequest, EngineError, EngineUnavailable, Piece, PromptTooLong, TextPiece, ThinkingPiece
from .http_stream import Response, request
from .llama import ChunkReader
from .llama_prompt import chat_messages, form
from .network import Address
from .plain_prompt import CarefulNeutraliser

CHARS_PER_TOKEN = 3  # careful: most languages have more
REST_S = 30.0  # a server that has failed is asked last for so long
LIST_S = 20.0
LINE_MAX_BYTES = 1024 * 1024
TOLD_MAX_CHARS = 300
TOO_LONG = ("context_length_exceeded", "exceed_context_size_error", "maximum context length", "context size")
GO_ON = "Go on exactly where your answer stopped. Repeat nothing of it."
IS_DATA = re.compile(rb"data:").match
WRONG_ANSWER = "The server's answer is not what an OpenAI-compatible server sends."


@dataclass(slots=True)
class Load:
    """What one worker knows of a server: how many of its answers are under way, and when it failed."""

    busy: int = 0
    failed_at: float = -math.inf


@dataclass(frozen=True, slots=True)
class Backend:
    """One server that serves a model under the name `model`. Its key is in no text made of it."""

    address: Address
    model: str
    key: str = field(repr=False, default="")
    allow_public: bool = False
    load: Load = field(default_factory=Load, compare=False)

    async def models(self) -> list[str]:
        """The names of the models that it serves. Raises EngineUnavailable."""
        asked = request(self.address, "/v1/models", key=self.key, allow_public=self.allow_public, first_byte_s=LIST_S)
        async with asked as response:
            await _refuse_failure(response, self.model)
            answer = await response.json()
        try:
            return [str(entry["id"]) for entry in answer["data"]]
        except (KeyError, TypeError):
            raise EngineUnavailable(WRONG_ANSWER) from None

    async def stream(self, asked: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Pieces of the answer. Raises EngineError."""
        self.load.busy += 1
        try:
            async with self._answer(asked) as pieces:
                async for piece in pieces:
                    yield piece
        except EngineError as error:
            self.load.failed_at = self.load.failed_at if isinstance(error, PromptTooLong) else time.monotonic()
            raise
        finally:
            self.load.busy -= 1

    @asynccontextmanager
    async def _answer(self, asked: ChatRequest) -> AsyncIterator[AsyncGenerator[Piece, None]]:
        path, body = "/v1/chat/completions", self._body(asked)
        async with request(self.address, path, key=self.key, allow_public=self.allow_public, body=body) as response:
            await _refuse_failure(response, self.model)
            async with aclosing(_pieces(response)) as pieces:
                yield pieces

    def _body(self, asked: ChatRequest) -> dict[str, Any]:
        neutral = CarefulNeutraliser(())
        messages = [dict(message) for message in chat_messages(replace(asked, written=""), neutral)]
        if asked.written and asked.wanted:
            raise EngineError("An answer that must have a form cannot be gone on with.")
        if asked.written:  # there is no common way to begin a server's answer for it
            messages += [{"role": "assistant", "content": asked.written}, {"role": "user", "content": GO_ON}]
        options = {"max_tokens": asked.max_tokens, "stream": True, "stream_options": {"include_usage": True}}
        return {"model": self.model, "messages": messages, **options, **asked.sampling.asked(), **form(asked.wanted, neutral)}


class OpenAIEngine:
    """Answers with whichever of its servers has least to do. Implements engines.base.Engine."""

    takes_forms = True
    sees_images = True  # as far as the server's model does, which is the server's to say

    def __init__(self, name: str, backends: Iterable[Backend]) -> None:
        self.name = name
        self._backends = tuple(backends)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Pieces of the answer. A server that fails before its first word is replaced by the next one, later never.

        Raises EngineUnavailable where none answers, PromptTooLong, or EngineError in mid-answer.
        """
        head, rest = await self._begun(request)
        async with aclosing(rest):
            for piece in head:
                yield piece
            try:
                async for piece in rest:
                    yield piece
            except EngineUnavailable as error:  # it was there a moment ago: what was shown of its answer stays
                raise EngineError(str(error)) from error

    async def _begun(self, request: ChatRequest) -> tuple[list[Piece], AsyncGenerator[Piece, None]]:
        """The first pieces of the first server that says a word, and the rest of what it says."""
        failure: EngineError = EngineUnavailable("No server is connected for this model.")
        for backend in self._in_order():
            stream = backend.stream(request)
            try:
                return await _to_first_word(stream), stream
            except PromptTooLong:
                raise
            except EngineError as error:
                failure = error
        raise failure

    async def count_tokens(self, text: str) -> int:
        """A careful guess: these servers have no common way to count."""
        return math.ceil(len(text) / CHARS_PER_TOKEN)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises EngineUnavailable: vectors are made on this machine."""
        raise EngineUnavailable("This model writes text; it makes no vectors.")

    def _in_order(self) -> list[Backend]:
        """The least busy first; those that failed a moment ago last."""
        now = time.monotonic()
        return sorted(self._backends, key=lambda backend: (now - backend.load.failed_at < REST_S, backend.load.busy))


async def _to_first_word(stream: AsyncGenerator[Piece, None]) -> list[Piece]:
    """The pieces up to the first that shows something, or all of them."""
    pieces: list[Piece] = []
    async for piece in stream:
        pieces.append(piece)
        if isinstance(piece, (TextPiece, ThinkingPiece, CallPiece)):
            break
    return pieces


async def _pieces(response: Response) -> AsyncGenerator[Piece, None]:
    """The pieces in a stream of server-sent events. Raises EngineError where it ends before its end."""
    reader, has_finished = ChunkReader(ChatRequest("")), False
    async with aclosing(_events(response)) as events:
        async for event in events:
            if event == b"[DONE]":
                return
            try:
                chunk = _tidied(json.loads(event))
                pieces = reader.pieces(chunk)
                has_finished = has_finished or any(choice.get("finish_reason") for choice in chunk["choices"])
            except (ValueError, KeyError, TypeError, AttributeError, IndexError):
                raise EngineError(WRONG_ANSWER) from None
            for piece in pieces:
                yield piece
    if not has_finished:
        raise EngineError("The server ended its answer in the middle.")


async def _events(response: Response) -> AsyncGenerator[bytes, None]:
    """What stands behind `data:`, one event a line; comments keep the connection alive and say nothing."""
    rest = b""
    async with aclosing(response.chunks()) as chunks:
        async for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_MAX_BYTES:
                raise EngineError(WRONG_ANSWER)
            for line in filter(IS_DATA, lines):
                yield line[5:].strip()


def _tidied(chunk: dict[str, Any]) -> dict[str, Any]:
    """A chunk in the words of llama-server: vLLM sends null for what is not there, and some call thinking `reasoning`."""
    chunk = {name: value for name, value in chunk.items() if value is not None}
    for choice in chunk.setdefault("choices", []):
        delta = choice["delta"]
        delta["reasoning_content"] = delta.get("reasoning_content") or delta.get("reasoning")
    return chunk


async def _refuse_failure(response: Response, model: str) -> None:
    """Raises EngineUnavailable or PromptTooLong with a sentence, unless the answer is one."""
    status = response.status
    if status == 200:
        return
    if 300 <= status < 400:
        raise EngineUnavailable("The server sends on to another address, which is not followed: give that address itself.")
    if status in (401, 403):
        raise EngineUnavailable("The server refuses the key: connect it anew with the right one.")
    told = await _told(response)
    if status in (400, 413) and any(mark in told for mark in TOO_LONG):
        raise PromptTooLong("The question and its passages are too long for the server's model.")
    if status == 404:
        raise EngineUnavailable(f"The server does not know the model {model!r}, or the address is not that of its API. {told}".strip())
    if status in (429, 503):
        raise EngineUnavailable("The server has too much to do, or still loads its model.")
    raise EngineUnavailable(f"The server answered with status {status}. {told}".strip())


async def _told(response: Response) -> str:
    """What a failure says of itself, as far as it can be read."""
    answer: Any = None
    with suppress(EngineUnavailable):  # the status has said it
        answer = await response.json()
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    said = " ".join(str(error.get(name, "")) for name in ("type", "code", "message")) if isinstance(error, dict) else str(error or "")
    return "".join(filter(str.isprintable, said)).strip()[:TOLD_MAX_CHARS]
