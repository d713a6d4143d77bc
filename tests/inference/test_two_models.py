"""Two models at once: both stay loaded where both fit, else the one that was not asked for longest goes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
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


async def test_what_models_say_they_need_counts(sockets: Path, one: ModelFile, two: ModelFile) -> None:
    keeper = HostKeeper(HostPlan(sockets, 1, 512, memory_bytes=1000))
    try:
        for file, need_bytes in ((one, 600), (two, 400)):
            await keeper.engine(file, need_bytes=need_bytes, beside=(one, two)).count_tokens("a")
        assert listening(sockets) == 2
        await keeper.engine(one, need_bytes=600, beside=(one, two)).count_tokens("a")
        assert listening(sockets) == 2
        keeper.keep({two})
        await until(lambda: listening(sockets) == 1)
        await keeper.engine(one, need_bytes=601, beside=(one, two)).count_tokens("a")
        await until(lambda: listening(sockets) == 1)
        assert keeper.status().name == "one"
    finally:
        await keeper.close()


async def test_what_is_on_a_card_takes_no_memory(sockets: Path, one: ModelFile, two: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = HostKeeper(HostPlan(sockets, 1, 512, memory_bytes=1000))
    try:
        with a_card(monkeypatch, sockets, layers=8, on_card_bytes=700):
            await keeper.engine(one, need_bytes=900, beside=(one, two)).count_tokens("a")
        await keeper.engine(two, need_bytes=800, beside=(one, two)).count_tokens("a")
        assert listening(sockets) == 2
    finally:
        await keeper.close()


async def test_on_a_card_the_next_one_waits_for_the_end_of_the_one_before(
    sockets: Path, one: ModelFile, two: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = HostKeeper(HostPlan(sockets, 1, 512))
    try:
        with a_card(monkeypatch, sockets, layers=8, on_card_bytes=700):
            first = keeper.engine(one)
            await first.count_tokens("a")
        answer = first.stream(ChatRequest("What?", max_tokens=300))
        await anext(answer)
        second = asyncio.create_task(keeper.engine(two).count_tokens("a"))
        await asyncio.sleep(0.3)
        assert not second.done()
        assert (keeper.status().state, keeper.status().pid) == ("loading", None)
        assert [piece async for piece in answer]
        assert await second
    finally:
        await keeper.close()


@contextmanager
def a_card(monkeypatch: pytest.MonkeyPatch, folder: Path, *, layers: int, on_card_bytes: int) -> Iterator[None]:
    """Hosts that are started meanwhile say that so much went onto a card; else they are what they are."""
    said = json.dumps({"on_cards": layers, "bytes": on_card_bytes})
    python = folder.with_suffix(".python")
    python.write_text(f"#!/bin/sh\necho '{said}'\nexec {sys.executable} \"$@\"\n")
    python.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(python))
        yield
    python.unlink()
