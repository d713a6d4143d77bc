"""What the engine host wants of a model that it has loaded, whichever library runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .base import ChatRequest, Piece

Chunk = Any  # whatever the library gives; only its own reader looks into it
Take = Callable[[Chunk], bool]

BY_LLAMA, BY_CTRANSFORMERS = "llama", "ctransformers"  # the names of the engines that read a file
CHAT, EMBED, RERANK = "chat", "embed", "rerank"  # what a model is loaded for


class Reader(Protocol):
    """Makes pieces of one answer's chunks."""

    def pieces(self, chunk: Chunk) -> list[Piece]:
        """The pieces in `chunk`. Raises EngineError where it reports an error."""
        ...


class FindingModel(Protocol):
    """A loaded embedder or reranker. `answer` blocks; any thread may call it, as many at once as there are slots."""

    slots: int

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message that answers one of wire's. Raises EngineError."""
        ...


class LocalModel(Protocol):
    """A loaded model. Its methods block; any thread may call them, `chat` in as many as there are slots."""

    slots: int

    def chat(self, request: ChatRequest, take: Take) -> None:
        """Answer, calling `take` with each chunk as it comes until it returns True. Raises EngineError."""
        ...

    def reader(self, request: ChatRequest) -> Reader:
        """The reader of the chunks of one answer."""
        ...

    def count_tokens(self, text: str) -> int:
        """What `text` costs inside a prompt. Raises EngineError."""
        ...
