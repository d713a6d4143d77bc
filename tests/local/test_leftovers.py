"""What a killed supervisor has left: ended by the next start, and never mistaken for a stranger's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gemmaweb.local import leftovers
from gemmaweb.local.folder import Home
from gemmaweb.local.leftovers import RunFile, started_at

SLEEPER = (sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)")


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(leftovers, "LEAVING_GRACE_S", 0.2)
    made = Home(folder / "home")
    made.prepare()
    return made


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEPER, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_it_kills_what_does_not_leave(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    RunFile(home).note("worker", sleeper.pid)
    RunFile(home).end_leftovers()
    assert sleeper.wait(5) == -9
    assert list(home.run.iterdir()) == []


def test_a_stranger_with_the_number_of_one_of_ours_lives_on(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    noted = f'{{"worker": [{sleeper.pid}, "1"]}}'
    (home.run / "children.json").write_text(noted)
    RunFile(home).end_leftovers()
    assert sleeper.poll() is None


def test_the_dead_are_no_reason_to_wait(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    RunFile(home).note("worker", sleeper.pid)
    sleeper.kill()
    RunFile(home).end_leftovers()
    assert list(home.run.iterdir()) == []


def test_nothing_noted_is_nothing_to_do(home: Home) -> None:
    RunFile(home).end_leftovers()


def test_a_process_has_one_start_and_a_zombie_none(sleeper: subprocess.Popen[bytes]) -> None:
    assert started_at(os.getpid()) == started_at(os.getpid()) != ""
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert started_at(sleeper.pid) == ""
    assert started_at(2**22 + 1) == ""
