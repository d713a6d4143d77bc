"""Starts `up` as a person would, watches it from outside, and ends it in all the ways that it may end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gemmaweb.local.folder import REPOSITORY, Home

TOY = ("-m", "tests.local.toy")
PRODUCT = ("manage.py", "up")
READY_S = 90
CAPABILITIES = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


def wait_until(holds: Callable[[], object], within_s: float = 20) -> None:
    """Return as soon as `holds` does; fail after `within_s`."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


class Up:
    """One run of `up` on `home`, in a session of its own, its output in a file."""

    def __init__(self, home: Path, program: tuple[str, ...] = TOY, *, as_nobody: bool = False, **environment: str) -> None:
        self.home = Home(home.resolve())
        self.output = Path(tempfile.mkstemp(prefix="gemmaweb-local-", suffix=".out")[1])
        self._program = (sys.executable, *program)
        if as_nobody:
            drop = ("--reuid=nobody", "--regid=nogroup", "--clear-groups", *CAPABILITIES)
            self._program = (shutil.which("setpriv") or "setpriv", *drop, *self._program)
        outside = ("DATABASE_URL", "REDIS_URL", "XDG_RUNTIME_DIR")
        inherited = {key: value for key, value in os.environ.items() if key not in outside}
        self._environment = inherited | {"GEMMAWEB_HOME": str(home), "GEMMAWEB_PORT": "0", "PYTHONDONTWRITEBYTECODE": "1"} | environment
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            return subprocess.Popen(
                self._program, env=self._environment, cwd=REPOSITORY, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def says(self) -> str:
        return self.output.read_text()

    @property
    def address(self) -> str:
        return self.home.address.read_text()

    def wait_ready(self) -> Up:
        wait_until(lambda: "is ready at" in self.says or self.process.poll() is not None, READY_S)
        assert self.process.poll() is None, self.says
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status after signal `number`."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill_all(self) -> None:
        """What a power cut does to processes: all at once, the supervisor first."""
        for pid in (self.process.pid, *self.pids()):
            kill(pid)
        self.process.wait()
        wait_until(lambda: not self.pids())

    def pids(self) -> list[int]:
        """Every process that belongs to this home, whoever its parent is now."""
        return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and self._owns(each)]

    def child(self, command: str) -> int:
        """The process of this home whose command line holds `command`, once there is exactly one."""
        found: list[int] = []

        def is_one() -> bool:
            found[:] = [pid for pid in self.pids() if command in command_line(Path(f"/proc/{pid}"))]
            return len(found) == 1

        wait_until(is_one)
        return found[0]

    def _owns(self, process: Path) -> bool:
        """By environment, and for the servers, which overwrite theirs, by the folder in which they stand."""
        try:
            marked = f"GEMMAWEB_HOME={self.home.path}\0".encode() in (process / "environ").read_bytes()
            return marked or (process / "cwd").readlink().is_relative_to(self.home.path)
        except OSError:
            return False


def command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def manage(home: Home, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """What a command says about this home, whatever its exit status."""
    command = [sys.executable, "manage.py", *arguments]
    env = {**settings_of(home), **environment}
    return subprocess.run(command, cwd=REPOSITORY, env=env, input=given, capture_output=True, text=True, check=False, timeout=300)


def settings_of(home: Home) -> dict[str, str]:
    """The environment of a command on this home."""
    outside = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return outside | {"GEMMAWEB_HOME": str(home.path), "PYTHONWARNINGS": "ignore"}
