"""Embedders and rerankers as the worker that holds their hosts asks them: one request, one answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from . import wire
from .engines.base import EngineError
from .engines.local import EMBED, RERANK
from .engines.vectors import Vector, unpacked
from .host_client import asked
from .host_process import HostProcess

Text = str | list[int]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A vector of length 1 for each text, what they cost together, and which were longer than the model reads."""

    vectors: list[Vector]
    tokens: int
    cut: list[bool]


class LocalFinder:
    """The embedder or the reranker of one host; waits while it loads."""

    def __init__(self, host: HostProcess) -> None:
        self._host = host

    async def embed(self, texts: Sequence[Text]) -> Embedded:
        """A vector of each text, as it is: prompts are the caller's. A list is of the model's own tokens. Raises EngineError."""
        return embedded(await self.answer({"do": EMBED, "texts": list(texts)}))

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question; higher is better, comparable inside one list only. Raises EngineError."""
        answer = await self.answer({"do": RERANK, "question": question, "texts": list(texts)})
        return [float(score) for score in answer["scores"]]

    async def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The host's answer to one of wire's messages. Raises EngineError."""
        async with aclosing(asked(self._host, message)) as messages:
            async for found in messages:
                if "error" in found:
                    raise wire.read_error(found)
                return found
        raise EngineError("The model's process ended before it answered.")


def embedded(answer: dict[str, Any]) -> Embedded:
    """What a host's answer holds."""
    return Embedded([unpacked(vector) for vector in answer["vectors"]], answer["tokens"], answer["cut"])
