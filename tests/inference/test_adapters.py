"""Adapters in a real engine host: one base in memory, and each answer changed by the adapter that it asked for, or by none."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from apps.inference.engines.base import ChatRequest, EngineUnavailable, Sampling
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.host_process import HostPlan
from apps.inference.model_file import ModelFile, ModelFileChanged, changed_parts, read_model_file
from tests.adapter_writer import write_adapter

from .answers import pieces_of, text_of

LONG = "the of and to in is that for it as was with be by on not he this are or " * 12
OTHER = "you they have an but at which from his or are this he not on by be with " * 12
SURE = Sampling(temperature=0.0)


@pytest.fixture
def base(tiny: Path, tmp_path: Path) -> ModelFile:
    """The tiny model with two adapters."""
    adapters = (write_adapter(tmp_path / f"{seed}.gguf", seed=seed) for seed in (1, 2))
    return replace(read_model_file(tiny, "tiny"), adapters=tuple(read_model_file(path, path.stem) for path in adapters))


async def said(hosts: HostKeeper, base: ModelFile, adapter: ModelFile | None = None, question: str = LONG) -> str:
    """The surest answer."""
    return text_of(await pieces_of(hosts.engine(base, adapter=adapter), question, sampling=SURE))


async def test_each_adapter_changes_the_text_and_none_leaves_it(hosts: HostKeeper, base: ModelFile, engine: LocalEngine) -> None:
    alone = text_of(await pieces_of(engine, LONG, sampling=SURE))
    pids = set()
    texts = []
    for adapter in (None, *base.adapters, None):
        texts.append(await said(hosts, base, adapter))
        pids.add(hosts.status().pid)
    assert texts[0] == texts[3] == alone
    assert len(set(texts)) == 3
    assert len(pids) == 1


async def test_the_answer_says_which_adapter_wrote_it(hosts: HostKeeper, base: ModelFile) -> None:
    assert [hosts.engine(base, adapter=adapter).name for adapter in (None, *base.adapters)] == ["tiny", "1", "2"]


async def test_what_one_has_read_another_does_not_use(base: ModelFile, sockets: Path) -> None:
    """With the prompt cache on, the last answer was neither's: the prompt was the first adapter's, its end the second's."""
    keeper = HostKeeper(HostPlan(sockets, slots=1, context_tokens=2048))
    first, second = base.adapters
    try:
        alone = await said(keeper, base, second)
        await said(keeper, base, first)
        await said(keeper, base, second, OTHER)
        assert await said(keeper, base, second) == alone
        assert await said(keeper, base) != alone
    finally:
        await keeper.close()


async def test_different_adapters_answer_at_once(hosts: HostKeeper, base: ModelFile) -> None:
    alone = [await said(hosts, base, adapter) for adapter in (None, *base.adapters)]
    together = await asyncio.gather(*(said(hosts, base, adapter) for adapter in (None, *base.adapters)))
    assert [*together] == alone


async def test_a_changed_adapter_is_refused_and_its_base_is_not(hosts: HostKeeper, base: ModelFile) -> None:
    first, second = base.adapters
    write_adapter(first.path, seed=9)
    with pytest.raises(EngineUnavailable, match=r"1\.gguf has changed since it was added"):
        await pieces_of(hosts.engine(base, adapter=first))
    assert await said(hosts, base) != await said(hosts, base, second)


async def test_one_that_was_only_touched_is_loaded(base: ModelFile, hosts: HostKeeper) -> None:
    shutil.copy(base.adapters[0].path, base.adapters[0].path.with_suffix(".new"))
    base.adapters[0].path.with_suffix(".new").replace(base.adapters[0].path)
    assert changed_parts(base) == {}
    assert await said(hosts, base, base.adapters[0])


def test_a_changed_base_is_refused_whole(base: ModelFile) -> None:
    with pytest.raises(ModelFileChanged):
        changed_parts(replace(base, sha256="0" * 64, modified_ns=1))


async def test_one_that_is_not_loaded_is_said_so(hosts: HostKeeper, base: ModelFile, tmp_path: Path) -> None:
    stranger = read_model_file(write_adapter(tmp_path / "3.gguf", seed=3), "3")
    with pytest.raises(EngineUnavailable, match="The adapter is not loaded"):
        await pieces_of(hosts.engine(base, adapter=stranger))


async def test_one_that_llama_cannot_load_fails_with_a_reason(hosts: HostKeeper, base: ModelFile, tmp_path: Path) -> None:
    bad = read_model_file(write_adapter(tmp_path / "bad.gguf", architecture="llama"), "bad")
    with pytest.raises(EngineUnavailable, match="cannot load"):
        await pieces_of(hosts.engine(replace(base, adapters=(bad,)), adapter=bad))


async def test_an_answer_goes_on_with_its_adapter(hosts: HostKeeper, base: ModelFile) -> None:
    whole = await said(hosts, base, base.adapters[0])
    words = whole.split()
    engine = hosts.engine(base, adapter=base.adapters[0])
    rest = [piece async for piece in engine.stream(ChatRequest(LONG, max_tokens=16, sampling=SURE, written=f"{words[0]} {words[1]}"))]
    assert text_of(rest)


async def test_what_is_loaded_counts_as_a_whole(base: ModelFile) -> None:
    assert base.loaded_bytes == base.size_bytes + sum(adapter.size_bytes for adapter in base.adapters)


async def test_with_another_adapter_it_is_loaded_anew(hosts: HostKeeper, base: ModelFile) -> None:
    await said(hosts, replace(base, adapters=base.adapters[:1]), base.adapters[0])
    before = hosts.status().pid
    await said(hosts, base, base.adapters[1])
    assert hosts.status().pid not in (None, before)
