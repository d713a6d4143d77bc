"""Children are forked from a process that sees no file: one after the other, each as fresh as the first, and none outlives its reader."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from time import monotonic, sleep

import pytest

from apps.documents.parsing import readers
from apps.documents.parsing.errors import Crashed
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.readers import Reader, Readers
from tests.documents.test_parsing_child import is_running

ORDER = {"kind": "text", "limits": asdict(Limits())}
Start = Callable[[], Reader]


@pytest.fixture
def own(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Readers]:
    """Readers with a forking process of their own, whose children run the code that the test is given in place of a parser."""
    code = getattr(request, "param", "say(os.getpid())")
    ready = "import os, time; from apps.documents.parsing import child, forking; forking.SLOW_AFTER_S = 1.0"
    say = "say = lambda what: os.write(1, str(what).encode())"
    start = f"{ready}; {say}; child.read_file = lambda *_: exec({code!r}); from"
    monkeypatch.setattr(readers, "_START", readers._START.replace("from", start, 1))
    ours = Readers()
    yield ours
    ours.close()


@pytest.fixture
def start(own: Readers) -> Iterator[Start]:
    """Starts a reader of an empty file."""
    with tempfile.TemporaryFile() as empty:
        yield lambda: own.start(ORDER, empty, empty)


def said(reader: Reader) -> str:
    """All that the reader's child says."""
    text = reader.output.read().decode()
    reader.end()
    return text


def forker(own: Readers) -> subprocess.Popen[bytes]:
    assert own._process is not None
    return own._process


def open_files() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def is_gone(pid: int) -> bool:
    """Whether the process ends soon."""
    deadline = monotonic() + 5
    while is_running(pid) and monotonic() < deadline:
        sleep(0.01)
    return not is_running(pid)


def test_each_file_has_a_process_of_its_own(own: Readers, start: Start) -> None:
    pids = {said(start()) for _ in range(3)}
    assert len(pids) == 3
    assert str(forker(own).pid) not in pids


@pytest.mark.parametrize("own", ["child.seen = getattr(child, 'seen', 0) + 1; say(child.seen)"], indirect=True)
def test_what_one_child_does_the_next_one_does_not_see(start: Start) -> None:
    assert [said(start()) for _ in range(3)] == ["1"] * 3


@pytest.mark.parametrize("own", ["say(len(os.listdir('/proc/self/fd')))"], indirect=True)
def test_a_child_has_no_file_of_its_neighbours(start: Start) -> None:
    neighbours = [start() for _ in range(3)]
    assert said(start()) == "4"  # its own three, and the folder that it looks into
    for neighbour in neighbours:
        neighbour.end()


@pytest.mark.parametrize(("own", "code"), [("pass", 0), ("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -9), ("1/0", 1)], indirect=["own"])
def test_it_tells_how_a_child_ended(start: Start, code: int) -> None:
    reader = start()
    assert reader.code(5) == code
    reader.end()


@pytest.mark.parametrize("own", ["say(os.getpid()); time.sleep(60)"], indirect=True)
def test_a_child_that_nobody_waits_for_is_killed(start: Start) -> None:
    reader = start()
    pid = int(reader.output.read(16))
    assert reader.code(0.01) is None
    reader.end()
    assert not is_running(pid)


@pytest.mark.parametrize("own", ["say(os.getpid()); time.sleep(60)"], indirect=True)
def test_children_die_with_the_process_that_forked_them(own: Readers, start: Start) -> None:
    reader = start()
    pid = int(reader.output.read(16))
    forker(own).kill()
    assert reader.code(5) is None
    assert is_gone(pid)
    reader.end()


def test_a_forking_process_that_died_is_replaced(own: Readers, start: Start) -> None:
    said(start())
    first = forker(own)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert int(said(start())) > 0
    assert forker(own).pid != first.pid


def test_a_forking_process_is_used_for_a_while_only(own: Readers, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "FORKS_MAX", 2)
    parents = []
    for _ in range(4):
        said(start())
        parents.append(forker(own).pid)
    assert parents[0] == parents[1] != parents[2] == parents[3]
    assert is_gone(parents[0])


@pytest.mark.parametrize("own", ["say(os.getpid()); time.sleep(.5)"], indirect=True)
def test_a_child_outlives_the_change_of_the_forking_process(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "FORKS_MAX", 1)
    first, second = start(), start()
    assert (first.code(5), second.code(5)) == (0, 0)
    first.end()
    second.end()


def test_threads_share_it(start: Start) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: said(start()), range(40)))) == 40


def test_where_nothing_can_be_forked_the_file_has_a_reason(own: Readers, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_START", "raise SystemExit(1)")
    open_before = open_files()
    with pytest.raises(Crashed):
        start()
    assert open_files() == open_before


@pytest.mark.parametrize("own", ["say(os.getpid()); time.sleep(60)"], indirect=True)
def test_what_takes_long_gives_way(start: Start) -> None:
    reader = start()
    pid = int(reader.output.read(16))
    deadline = monotonic() + 5
    while os.getpriority(os.PRIO_PROCESS, pid) < 19 and monotonic() < deadline:
        sleep(0.01)
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    reader.end()


def test_closing_ends_it(own: Readers, start: Start) -> None:
    said(start())
    process = forker(own)
    own.close()
    assert process.returncode == 0
