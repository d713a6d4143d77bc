"""The worker that loads models tells of its machine, and the page of models believes it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis import Redis

from apps.core import live, loop
from apps.inference import fitting, tasks, telling
from apps.inference.devices import Listing, cards, listing
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
    told, after_the_first = threading.Semaphore(0), threading.Event()

    def look() -> ThisMachine:
        told.release()
        return THERE

    monkeypatch.setattr(telling, "EVERY_S", 0.02)
    enough = keep_telling(look, then=after_the_first.set)
    for _ in range(3):
        assert told.acquire(timeout=10)
    enough.set()
    assert after_the_first.is_set()
    wait_for_the_tellers()


def wait_for_the_tellers() -> None:
    """Until the threads that tell have ended."""
    for thread in [thread for thread in threading.enumerate() if thread.name == "machine"]:
        thread.join(10)
        assert not thread.is_alive()


def worker(*queues: str) -> SimpleNamespace:
    """One that consumes these queues."""
    return SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(queues)))))


@pytest.mark.parametrize(("queues", "tells"), [(["generation"], True), (["ingest"], False), (["sweep", "models"], False)])
def test_only_who_loads_models_tells(monkeypatch: pytest.MonkeyPatch, queues: list[str], tells: bool) -> None:
    began: list[object] = []
    monkeypatch.setattr(telling, "keep_telling", lambda look, **_: began.append(look))
    tasks.keep_models(sender=worker(*queues))
    assert began == ([fitting.look] if tells else [])


def test_nothing_is_loaded_before_the_cards_were_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, opened = threading.Event(), threading.Event()
    keep = telling.keep_telling
    enough: list[threading.Event] = []

    def look() -> ThisMachine:
        assert seen.wait(10)
        return THERE

    monkeypatch.setattr(fitting, "look", look)
    monkeypatch.setattr(loop, "call", lambda _: opened.set())
    monkeypatch.setattr(telling, "keep_telling", lambda look, *, then: enough.append(keep(look, then=then)))
    tasks.keep_models(sender=worker("generation"))
    assert not opened.wait(0.2)
    seen.set()
    assert opened.wait(10)
    enough[0].set()
    wait_for_the_tellers()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_finders_answer_even_where_nothing_can_be_seen() -> None:
    opened = threading.Event()

    def look() -> ThisMachine:
        raise OSError("no /proc")

    keep_telling(look, then=opened.set)
    assert opened.wait(10)
    wait_for_the_tellers()


@pytest.fixture
def _listed_anew() -> Iterator[None]:
    """Nothing is known of cards, before the test and after it."""
    listing.cache_clear()
    yield
    listing.cache_clear()


@pytest.mark.usefixtures("_listed_anew")
def test_llama_cpp_itself_is_asked_for_cards_in_a_child() -> None:
    assert cards() == ()  # the build that is installed here uses none


def test_a_list_that_failed_is_tried_again_and_one_that_came_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    known = Listing()
    assert known.cards() == ()
    say(tmp_path, '[{"name": "RTX", "total_bytes": 9, "free_bytes": 7}]')
    assert known.cards() == ()  # so soon nobody is asked
    monkeypatch.setattr(known, "_again_at", 0.0)
    assert known.cards() == (Card("RTX", 9, 7),)
    say(tmp_path, "[]")
    monkeypatch.setattr(known, "_again_at", 0.0)
    assert known.cards() == (Card("RTX", 9, 7),)


def say(folder: Path, text: str) -> None:
    """Have the child say so."""
    (folder / "said").write_text(text)
    child = folder / "python"
    child.write_text(f"#!/bin/sh\ncat {folder / 'said'}\n")
    child.chmod(0o755)


@pytest.mark.usefixtures("_listed_anew")
@pytest.mark.parametrize("said", ["", "nonsense\n"])
def test_a_child_that_fails_means_no_cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> None:
    say(tmp_path, said)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert cards() == ()


@pytest.mark.usefixtures("_listed_anew")
def test_a_child_that_aborts_means_no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    def aborts(command: object, **_: object) -> None:
        raise subprocess.CalledProcessError(-6, "python")

    monkeypatch.setattr(subprocess, "run", aborts)
    assert cards() == ()
