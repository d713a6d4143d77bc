"""How fast an engine is: figures that can be checked, from engines of known speed and from the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from apps.inference import speed
from apps.inference.engines.base import ChatRequest, EngineError, Piece, TextPiece, UsagePiece
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.speed import TooSlow, measure


class Paced:
    """An engine that reads and writes at a set pace, and remembers what it was asked."""

    name = "paced"

    def __init__(self, *, read_per_s: float, write_per_s: float) -> None:
        self._read_per_s, self._write_per_s = read_per_s, write_per_s
        self.asked: list[ChatRequest] = []
        self.closed = 0

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Some tokens, each with a report."""
        self.asked.append(request)
        read = len(request.question.split())
        try:
            await asyncio.sleep(read / self._read_per_s)
            for written in range(1, request.max_tokens + 1):
                yield TextPiece("word ")
                yield UsagePiece(read, written, 0.0)
                await asyncio.sleep(1 / self._write_per_s)
        finally:
            self.closed += 1

    async def count_tokens(self, text: str) -> int:
        """As many as there are words."""
        return len(text.split())

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Nothing."""
        return []


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "READING_S", 0.6)
    monkeypatch.setattr(speed, "WRITING_S", 0.6)


async def test_the_pace_of_an_engine_is_found() -> None:
    engine = Paced(read_per_s=5000, write_per_s=50)
    found = await measure(engine, 8192)
    assert found.prompt == pytest.approx(5000, rel=0.3)
    assert found.alone == pytest.approx(50, rel=0.3)
    assert found.busy == pytest.approx(200, rel=0.3)
    assert engine.closed == len(engine.asked)


async def test_no_question_begins_like_another() -> None:
    engine = Paced(read_per_s=20_000, write_per_s=500)
    await measure(engine, 8192)
    beginnings = [request.question.split()[0] for request in engine.asked]
    assert len(set(beginnings)) == len(beginnings) > 6


async def test_prompts_and_answers_have_room_in_the_context() -> None:
    engine = Paced(read_per_s=100_000, write_per_s=1000)
    await measure(engine, 512)
    assert max(len(request.question.split()) for request in engine.asked) < 512 * 0.8
    assert max(request.max_tokens for request in engine.asked) == 256


async def test_a_machine_that_is_too_slow_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "WITHIN_S", 0.2)
    engine = Paced(read_per_s=1, write_per_s=1)
    with pytest.raises(TooSlow, match="too slow"):
        await measure(engine, 8192)
    assert engine.closed == len(engine.asked)


async def test_the_real_engine_has_a_speed(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "WRITING_S", 2.2)  # it tells its figures once a second
    await engine.count_tokens("a")
    found = await measure(engine, 2048)
    assert min(found.prompt, found.alone, found.busy) > 1


async def test_an_engine_that_fails_says_why(engine: LocalEngine, hosts: HostKeeper) -> None:
    await hosts.close()
    with pytest.raises(EngineError, match="replaced"):
        await measure(engine, 2048)
