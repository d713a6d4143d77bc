"""Whose the servers are, and that every child dies with its parent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gemmaweb.local import account
from gemmaweb.local.account import as_server, bind, give_to_server
from gemmaweb.local.errors import Refused
from gemmaweb.local.leftovers import started_at
from tests.local.driver import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="asks what root may do")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has death signals")
# Starts a bound sleeper, says its number, and waits to be killed.
PARENT = """
import signal, subprocess, sys, time
from gemmaweb.local.account import bind
child = subprocess.Popen(bind((sys.executable, "-c", "print(1, flush=True); import time; time.sleep(600)"), signal.SIGKILL), stdout=-1)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


def caps(process: int, kind: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(kind)).split()[1], 16)


@linux
def test_a_bound_child_dies_with_its_parent() -> None:
    parent = subprocess.Popen((sys.executable, "-c", PARENT), stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert started_at(child)
    parent.kill()
    parent.communicate()
    wait_until(lambda: started_at(child) == "", 5)


@linux
def test_a_child_whose_parent_is_gone_already_does_not_start(folder: Path) -> None:
    command = list(bind((sys.executable, "-c", f"open({str(folder / 'ran')!r}, 'w')"), signal.SIGKILL))
    command[command.index(str(os.getpid()))] = "1"
    assert subprocess.run(command, check=False).returncode == 1
    assert not (folder / "ran").exists()


def test_a_bound_command_gets_its_arguments_as_they_are() -> None:
    words = ("two words", "'quoted'", "")
    command = bind((sys.executable, "-c", "import sys; print(sys.argv[1:])", *words), signal.SIGKILL)
    shown = subprocess.run(command, capture_output=True, check=True)
    assert shown.stdout.decode().strip() == str(list(words))


@as_root
def test_roots_servers_are_nobodys_and_can_only_read_more() -> None:
    process = subprocess.Popen(as_server((sys.executable, "-c", "import time; time.sleep(600)"), signal.SIGKILL))
    wait_until(lambda: Path(f"/proc/{process.pid}").stat().st_uid != 0)
    wait_until(lambda: caps(process.pid, "CapEff") in (1 << 2, 1 << 1))
    process.kill()
    process.wait()


@as_root
def test_root_without_setpriv_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Refused, match="PostgreSQL does not run as root"):
        as_server(("postgres",), signal.SIGINT)


@as_root
def test_the_servers_folder_is_theirs_alone(folder: Path) -> None:
    give_to_server(folder / "data")
    give_to_server(folder / "data")
    found = (folder / "data").stat()
    assert (found.st_uid != 0, found.st_mode & 0o777) == (True, 0o700)


def test_an_ordinary_users_servers_are_the_users(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert as_server(("postgres", "-D", "x"), signal.SIGINT) == bind(("postgres", "-D", "x"), signal.SIGINT)
    give_to_server(folder / "data")
    assert (folder / "data").stat().st_uid == folder.stat().st_uid


@pytest.mark.parametrize(
    ("held", "flags"),
    [
        (0b100, ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")),
        (0b110, ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")),
        (0b010, ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")),
        (0b001, ()),
    ],
)
def test_it_keeps_the_least_capability_that_there_is(monkeypatch: pytest.MonkeyPatch, held: int, flags: tuple[str, ...]) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _: f"Name:\tpython\nCapPrm:\t{held:016x}\nCapEff:\t0\n")
    assert account._keep_reading() == flags


def test_a_start_of_a_bound_child_is_quick() -> None:
    began = time.monotonic()
    subprocess.run(bind(("true",), signal.SIGKILL), check=True)
    assert time.monotonic() - began < 2
