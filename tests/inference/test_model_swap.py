"""Another model, without a restart of anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from apps.inference import host_process
from apps.inference.engines.base import ChatRequest, EngineUnavailable, Piece
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.model_file import ModelFile, read_model_file
from tests.gguf_writer import Shape, write_gemma4

from .answers import listening, pieces_of, until, usage_of


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_process, "GRACE_S", 0.05)


@pytest.fixture
def other(tmp_path: Path) -> ModelFile:
    """A second model."""
    return read_model_file(write_gemma4(tmp_path / "other.gguf", Shape(name="other", words=700)), "other")


async def test_the_next_answer_is_the_new_models(hosts: HostKeeper, engine: LocalEngine, other: ModelFile, sockets: Path) -> None:
    assert await pieces_of(engine)
    second = hosts.engine(other)
    assert (engine.name, second.name) == ("tiny", "other")
    assert await pieces_of(second)
    assert hosts.status().name == "other"
    await until(lambda: listening(sockets) == 1)
    assert await pieces_of(second)


async def test_an_answer_in_the_making_is_ended_by_its_own_model(hosts: HostKeeper, engine: LocalEngine, other: ModelFile) -> None:
    answer = engine.stream(ChatRequest("What?", max_tokens=1800))
    await anext(answer)
    second = hosts.engine(other)
    assert await pieces_of(second)
    rest = [piece async for piece in answer]
    assert rest


async def test_four_answers_are_all_ended_by_their_own_model(hosts: HostKeeper, engine: LocalEngine, other: ModelFile) -> None:
    answers = [engine.stream(ChatRequest(f"Question {number}", max_tokens=600)) for number in range(4)]
    for answer in answers:
        await anext(answer)
    second = hosts.engine(other)
    ends = await asyncio.gather(pieces_of(second), *(_end_of(answer) for answer in answers))
    assert [usage_of(pieces).answer_tokens for pieces in ends[1:]] == [600] * 4
    assert hosts.status().name == "other"


async def _end_of(answer: AsyncGenerator[Piece, None]) -> list[Piece]:
    return [piece async for piece in answer]


async def test_the_same_model_keeps_its_host(hosts: HostKeeper, engine: LocalEngine, tiny: Path) -> None:
    assert await pieces_of(engine)
    pid = hosts.status().pid
    assert await pieces_of(hosts.engine(read_model_file(tiny, "tiny")))
    assert hosts.status().pid == pid


async def test_without_a_model_no_host_is_left(hosts: HostKeeper, engine: LocalEngine, sockets: Path) -> None:
    assert await pieces_of(engine)
    hosts.rest()
    assert hosts.status().state == "none"
    await until(lambda: listening(sockets) == 0)
    with pytest.raises(EngineUnavailable, match="replaced"):
        await pieces_of(engine)


async def test_loading_stops_nobody(hosts: HostKeeper, other: ModelFile) -> None:
    engine = hosts.engine(other)
    assert hosts.status().state == "loading"
    await engine.count_tokens("a")
    assert hosts.status().state == "ready"


async def test_a_close_while_loading_leaves_nothing(hosts: HostKeeper, other: ModelFile, sockets: Path) -> None:
    waiting = asyncio.create_task(pieces_of(hosts.engine(other)))
    await asyncio.sleep(0)
    await hosts.close()
    with pytest.raises(EngineUnavailable):
        await waiting
    assert listening(sockets) == 0
