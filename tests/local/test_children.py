"""The small rules of the supervisor: waiting, words, logs, the lock, the address."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gemmaweb.local import children, web
from gemmaweb.local.children import Backoff, in_words, last_line, open_log
from gemmaweb.local.errors import Refused
from gemmaweb.local.folder import Home
from gemmaweb.local.lock import HomeLock
from gemmaweb.local.ready import VARIABLE, tell_ready


@pytest.fixture
def home(folder: Path) -> Home:
    made = Home(folder / "home")
    made.prepare()
    return made


def test_it_waits_longer_after_each_short_life_up_to_half_a_minute() -> None:
    backoff = Backoff()
    assert [backoff.after(0.1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_minute_of_life_starts_the_waiting_anew() -> None:
    backoff = Backoff()
    waits = [backoff.after(lived_s) for lived_s in (1, 59, 60, 1)]
    assert waits == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("status", "words"), [(0, "exit status 0"), (3, "exit status 3"), (-9, "killed by SIGKILL"), (-40, "killed by signal 40")]
)
def test_an_end_is_told_in_words(status: int, words: str) -> None:
    assert in_words(status) == words


def test_the_last_words_of_a_log_are_found(folder: Path) -> None:
    log = folder / "web.log"
    assert last_line(log) == "it says nothing"
    log.write_bytes(b"first\nthe \xff reason \n\n  \n")
    assert last_line(log) == "the \N{REPLACEMENT CHARACTER} reason"


def test_a_long_log_is_put_aside_at_a_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "LOG_MAX_BYTES", 5)
    for text in (b"oldest", b"old", b"er", b"new"):
        with open_log(folder / "web.log") as log:
            log.write(text)
    assert (folder / "web.log").read_text() == "older" + "new"
    assert (folder / "web.log.1").read_text() == "oldest"


def test_a_lock_is_one_processs_and_leaves_no_file(home: Home) -> None:
    first, second = HomeLock(home), HomeLock(home)
    first.acquire()
    with pytest.raises(Refused, match="already starting or stopping"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    assert list(home.run.iterdir()) == []


def test_a_refusal_tells_the_address(home: Home) -> None:
    lock = HomeLock(home)
    lock.acquire()
    home.address.write_text("http://127.0.0.1:8000/")
    with pytest.raises(Refused, match=r"already runs on this folder, at http://127\.0\.0\.1:8000/"):
        HomeLock(home).acquire()
    lock.release()


def test_the_lock_of_the_dead_is_free(home: Home) -> None:
    hold = (
        "from gemmaweb.local.folder import *; from gemmaweb.local.lock import *; HomeLock(Home.from_environment()).acquire(); os._exit(9)"
    )
    subprocess.run((sys.executable, "-c", hold), env={**os.environ, "GEMMAWEB_HOME": str(home.path)}, check=False)
    assert (home.run / "lock").exists()
    HomeLock(home).acquire()


def test_a_worker_tells_where_it_was_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    tell_ready()
    monkeypatch.setenv(VARIABLE, str(folder / "told"))
    tell_ready()
    assert [each.name for each in folder.iterdir()] == ["told"]


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    monkeypatch.setenv("GEMMAWEB_HOST", request.param)
    monkeypatch.setenv("GEMMAWEB_PORT", "0")
    with web.listen() as made:
        yield made


@pytest.mark.parametrize(
    ("listening", "opened"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "[::1]"), ("0.0.0.0", "127.0.0.1")],  # noqa: S104
    indirect=["listening"],
)
def test_the_address_can_be_opened_on_this_machine(listening: socket.socket, opened: str) -> None:
    assert web.address(listening).startswith(f"http://{opened}:")
    assert not web.answers(closed(listening))


def closed(listening: socket.socket) -> socket.socket:
    """Bound as before, but nobody listens."""
    listening.shutdown(socket.SHUT_RDWR)
    return listening


@pytest.mark.parametrize("listening", ["127.0.0.1"], indirect=True)
def test_a_private_address_is_on_no_network(listening: socket.socket) -> None:
    assert web.network_address(listening) is None


@pytest.mark.parametrize("listening", ["0.0.0.0"], indirect=True)  # noqa: S104
def test_on_the_network_it_has_an_address_of_this_machine(listening: socket.socket) -> None:
    address = web.network_address(listening)
    assert address is None or address.startswith("http://")
    assert address is None or "//127." not in address
