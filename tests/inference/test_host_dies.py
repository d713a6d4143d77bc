"""A host that dies takes its answers with it, and nothing else."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from apps.inference import host_process
from apps.inference.engines.base import ChatRequest, EngineError, EngineUnavailable
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.model_file import ModelFile, read_model_file
from tests.gguf_writer import Shape, write_gemma4

from .answers import is_alive, kill, listening, pieces_of, until

OWNER = """
import asyncio, sys
from pathlib import Path
from apps.inference.host_keeper import HostKeeper
from apps.inference.host_process import HostPlan
from apps.inference.model_file import read_model_file

async def main():
    keeper = HostKeeper(HostPlan(Path(sys.argv[2]), 1, 512))
    await keeper.engine(read_model_file(Path(sys.argv[1]), "m")).count_tokens("a")
    print(keeper.status().pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def reason(engine: LocalEngine) -> str:
    """Why the engine cannot answer."""
    with pytest.raises(EngineUnavailable) as caught:
        await pieces_of(engine)
    return str(caught.value)


async def test_its_answer_fails_and_the_next_one_works(hosts: HostKeeper, engine: LocalEngine) -> None:
    answer = engine.stream(ChatRequest("What?", max_tokens=2000))
    await anext(answer)
    await kill(hosts)
    with pytest.raises(EngineError):
        async for _ in answer:
            pass
    assert await pieces_of(engine)


async def test_a_death_between_two_answers_is_not_noticed(hosts: HostKeeper, engine: LocalEngine) -> None:
    for _ in range(2):
        assert await pieces_of(engine)
        await kill(hosts)
    assert await pieces_of(engine)


async def test_it_leaves_no_socket_behind(hosts: HostKeeper, engine: LocalEngine, sockets: Path) -> None:
    assert await pieces_of(engine)
    await kill(hosts)
    assert await pieces_of(engine)
    assert listening(sockets) == 1
    await hosts.close()
    assert listening(sockets) == 0


async def test_it_dies_with_its_worker(tiny: Path, sockets: Path) -> None:
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", OWNER, tiny, sockets, stdout=PIPE)
    assert worker.stdout
    pid = int(await worker.stdout.readline())
    assert is_alive(pid)
    worker.kill()
    await worker.wait()
    await until(lambda: not is_alive(pid))


async def test_an_abort_while_loading_has_a_reason(hosts: HostKeeper, tmp_path: Path) -> None:
    aborting = write_gemma4(tmp_path / "aborts.gguf", Shape(layers=6))
    engine = hosts.engine(read_model_file(aborting, "aborts"))
    assert (await reason(engine)).startswith("Loading the model ended its process (SIGABRT): GGML_ASSERT")
    assert hosts.status().state == "failed"


@pytest.fixture
def strange(tiny: Path, tmp_path: Path) -> ModelFile:
    """A model that lacks a tensor."""
    path = tmp_path / "strange.gguf"
    path.write_bytes(tiny.read_bytes().replace(b"blk.3.ffn_up", b"blk.3.ffn_xx"))
    return read_model_file(path, "strange")


async def test_a_file_that_llama_refuses_has_a_reason(hosts: HostKeeper, strange: ModelFile) -> None:
    assert (
        await reason(hosts.engine(strange)) == "llama.cpp cannot load this file: check_tensor_dims: tensor 'blk.3.ffn_up.weight' not found."
    )


async def test_who_comes_during_the_wait_is_told_the_reason_at_once(
    hosts: HostKeeper, strange: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_process, "BACK_OFF_S", (60.0,))
    first = await reason(hosts.engine(strange))
    async with asyncio.timeout(5):
        assert await reason(hosts.engine(strange)) == first


async def test_a_load_is_tried_again_after_the_wait(hosts: HostKeeper, strange: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_process, "BACK_OFF_S", (0.05,))
    await reason(hosts.engine(strange))
    await until(lambda: hosts.status().state == "loading")
    assert "blk.3.ffn_up" in await reason(hosts.engine(strange))


@pytest.fixture
def page(tmp_path: Path) -> ModelFile:
    """A web page that was saved as a model."""
    path = tmp_path / "page.gguf"
    path.write_text("<html>")
    return read_model_file(path, "page")


async def test_a_damaged_file_has_a_reason(hosts: HostKeeper, page: ModelFile) -> None:
    assert await reason(hosts.engine(page)) == "This is not a GGUF file: it does not begin with the letters GGUF."


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> ModelFile:
    """A good model in a file of the test's own."""
    return read_model_file(Path(shutil.copy(tiny, tmp_path / "copy.gguf")), "copy")


async def test_a_file_that_was_changed_is_not_loaded(hosts: HostKeeper, copy: ModelFile) -> None:
    os.truncate(copy.path, copy.size_bytes - 1)
    assert "has changed since it was added" in await reason(hosts.engine(copy))
    assert hosts.status().state == "failed"


async def test_a_file_that_is_gone_is_not_loaded(hosts: HostKeeper, copy: ModelFile) -> None:
    os.remove(copy.path)  # noqa: PTH107
    assert "No such file" in await reason(hosts.engine(copy))


async def test_a_file_that_was_only_touched_is_loaded(hosts: HostKeeper, copy: ModelFile) -> None:
    os.utime(copy.path, (1, 1))
    assert await pieces_of(hosts.engine(copy))
