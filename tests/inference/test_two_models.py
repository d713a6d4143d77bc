"""Two models at once: both stay loaded where both fit, else the one that was not asked for longest goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from apps.inference import host_process
from apps.inference.engines.base import ChatRequest
from apps.inference.host_keeper import HostKeeper
from apps.inference.host_process import HostPlan
from apps.inference.model_file import ModelFile, read_model_file
from tests.gguf_writer import Shape, write_gemma4

from .answers import listening, pieces_of, until


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_process, "GRACE_S", 0.05)


@pytest.fixture
def one(tiny: Path) -> ModelFile:
    return read_model_file(tiny, "one")


@pytest.fixture
def two(tmp_path: Path) -> ModelFile:
    return read_model_file(write_gemma4(tmp_path / "two.gguf", Shape(name="two", words=700)), "two")


@pytest_asyncio.fixture
async def narrow(sockets: Path, one: ModelFile, two: ModelFile) -> AsyncIterator[HostKeeper]:
    """A keeper with memory for either of them."""
    keeper = HostKeeper(HostPlan(sockets, 1, 512, memory_bytes=one.size_bytes + two.size_bytes))
    yield keeper
    await keeper.close()


async def test_both_stay_where_both_fit(hosts: HostKeeper, one: ModelFile, two: ModelFile, sockets: Path) -> None:
    for _ in range(2):
        for file in (one, two):
            engine = hosts.engine(file, beside=(one, two))
            assert engine.name == file.name
            assert await pieces_of(engine, max_tokens=2)
            assert hosts.status().name == file.name
    assert listening(sockets) == 2


async def test_the_same_process_answers_again(hosts: HostKeeper, one: ModelFile, two: ModelFile) -> None:
    pids = []
    for file in (one, two, one):
        await hosts.engine(file, beside=(one, two)).count_tokens("a")
        pids.append(hosts.status().pid)
    assert pids[0] == pids[2] != pids[1]


async def test_where_they_do_not_fit_the_idle_one_goes(narrow: HostKeeper, one: ModelFile, two: ModelFile, sockets: Path) -> None:
    assert await pieces_of(narrow.engine(one, beside=(one, two)), max_tokens=2)
    assert await pieces_of(narrow.engine(two, beside=(one, two)), max_tokens=2)
    await until(lambda: listening(sockets) == 1)
    assert await pieces_of(narrow.engine(one, beside=(one, two)), max_tokens=2)


async def test_who_goes_ends_its_answer_first(narrow: HostKeeper, one: ModelFile, two: ModelFile) -> None:
    answer = narrow.engine(one, beside=(one, two)).stream(ChatRequest("What?", max_tokens=400))
    await anext(answer)
    assert await pieces_of(narrow.engine(two, beside=(one, two)), max_tokens=2)
    assert [piece async for piece in answer]


async def test_what_nobody_wants_any_more_goes(hosts: HostKeeper, one: ModelFile, two: ModelFile, sockets: Path) -> None:
    for file in (one, two):
        await hosts.engine(file, beside=(one, two)).count_tokens("a")
    hosts.keep({two})
    await until(lambda: listening(sockets) == 1)
    assert hosts.status().name == "two"


async def test_one_that_loads_is_told(hosts: HostKeeper, one: ModelFile, two: ModelFile) -> None:
    await hosts.engine(one, beside=(one, two)).count_tokens("a")
    hosts.engine(two, beside=(one, two))
    ready = hosts.engine(one, beside=(one, two))
    assert (hosts.status().name, hosts.status().state) == ("two", "loading")
    assert await ready.count_tokens("a")
