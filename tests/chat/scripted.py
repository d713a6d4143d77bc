"""An engine that says what it is told to: for tests that must know the text."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence

from apps.inference.engines.base import ChatRequest, Piece, TextPiece

DEADLINE_S = 60  # for a machine that is busy; nothing waits so long otherwise


class Gate:
    """Where the script waits until the test opens it; `reached` tells the test that it does."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        """Let the script go on."""
        self._opened.set()

    async def wait(self) -> None:
        """Return when the test has opened the gate."""
        self.reached.set()
        while not self._opened.is_set():  # noqa: ASYNC110  # an asyncio.Event cannot be set from the test's thread
            await asyncio.sleep(0.002)


class ScriptedEngine:
    """Says its script: text (as one piece each), other pieces, errors to raise, gates to wait at. What was written already is skipped."""

    def __init__(self, *script: str | Piece | Exception | Gate, name: str = "scripted", takes_forms: bool = True) -> None:
        self.name, self.script, self.takes_forms = name, script, takes_forms
        self.requests: list[ChatRequest] = []
        self.closed = threading.Event()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """The script from where it was broken off."""
        self.requests.append(request)
        skip = len(request.written)
        try:
            for step in self.script:
                if isinstance(step, Gate):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                elif isinstance(step, str):
                    if step[skip:]:
                        yield TextPiece(step[skip:])
                    skip = max(0, skip - len(step))
                else:
                    yield step
        finally:
            self.closed.set()

    async def count_tokens(self, text: str) -> int:
        """Its words."""
        return len(text.split())

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Nothing."""
        return [[] for _ in texts]
