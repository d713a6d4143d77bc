"""The worker that loads models tells of its machine, and the page of models believes it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis import Redis

from apps.core import live
from apps.inference import fitting, tasks, telling
from apps.inference.devices import cards
from apps.inference.engines.placing import Card
from apps.inference.fit import Room
from apps.inference.machine import Gpu, Machine, read_machine
from apps.inference.telling import ThisMachine, heard, keep_telling, tell

from .machines import GIB, pretend, system, write

MACHINE = Machine(
    memory_bytes=8 * GIB, available_bytes=6 * GIB, swap_bytes=0, cores=1.5, is_x86=True, instructions=("AVX2",), gpus=(Gpu("RTX", 9, 8),)
)
THERE = ThisMachine(MACHINE, Room(8 * GIB, GIB, (Card("RTX", 9, 7),)))


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    """Nobody has told before the test."""
    live.client().delete(telling.KEY)


def test_it_is_heard_as_it_was_told() -> None:
    assert heard() is None
    tell(THERE)
    assert heard() == THERE
    assert 0 < int(str(live.client().ttl(telling.KEY))) <= telling.EXPIRES_S


def test_what_was_told_counts_more_than_what_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=64, free=60)
    assert fitting.this_machine().room.total == 64 * GIB
    tell(THERE)
    assert fitting.this_machine() == THERE


def test_the_worker_sees_its_container_s_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = {"memory.max": f"{4 * GIB}\n", "memory.current": f"{GIB}\n"}
    write(system(tmp_path), {f"sys/fs/cgroup/{name}": text for name, text in group.items()} | {"proc/self/cgroup": "0::/\n"})
    monkeypatch.setattr(fitting, "ROOT", tmp_path)
    tell(fitting.look())
    monkeypatch.setattr(fitting, "ROOT", Path("/"))  # web, in a container of its own
    assert fitting.this_machine().room == Room(4 * GIB, GIB)


def test_a_queue_that_is_gone_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1)
    with monkeypatch.context() as patched:
        patched.setattr(live, "client", lambda: gone)
        tell(THERE)
        assert heard() is None
        assert fitting.this_machine().room.total == read_machine().memory_bytes
    assert heard() is None


def test_it_is_told_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Semaphore(0)

    def look() -> ThisMachine:
        told.release()
        return THERE

    monkeypatch.setattr(telling, "EVERY_S", 0.02)
    enough = keep_telling(look)
    for _ in range(3):
        assert told.acquire(timeout=10)
    enough.set()
    told_by = [thread for thread in threading.enumerate() if thread.name == "machine"]
    for thread in told_by:
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(("queues", "tells"), [(["generation"], True), (["ingest"], False), (["sweep", "models"], False)])
def test_only_who_loads_models_tells(monkeypatch: pytest.MonkeyPatch, queues: list[str], tells: bool) -> None:
    began: list[object] = []
    monkeypatch.setattr(telling, "keep_telling", began.append)
    consumed = SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(queues)))))
    tasks.tell_of_the_machine(sender=consumed)
    assert began == ([fitting.look] if tells else [])


def test_llama_cpp_itself_is_asked_for_cards_in_a_child() -> None:
    cards.cache_clear()
    assert cards() == ()  # the build that is installed here uses none


@pytest.mark.parametrize("said", ["", "nonsense\n"])
def test_a_child_that_fails_means_no_cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> None:
    cards.cache_clear()
    (tmp_path / "said").write_text(said)
    child = tmp_path / "python"
    child.write_text(f"#!/bin/sh\ncat {tmp_path / 'said'}\n")
    child.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(child))
    assert cards() == ()
    cards.cache_clear()


def test_a_child_that_aborts_means_no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    def aborts(command: object, **_: object) -> None:
        raise subprocess.CalledProcessError(-6, "python")

    cards.cache_clear()
    monkeypatch.setattr(subprocess, "run", aborts)
    assert cards() == ()
    cards.cache_clear()
