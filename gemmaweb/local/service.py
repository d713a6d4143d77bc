"""What PostgreSQL and Valkey have in common: a server of the home, started by its binary and never by a daemon of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path

from gemmaweb.local.errors import StartFailed
from gemmaweb.local.folder import Home


class Service(ABC):
    """A server whose data and password live in `home`. Either the supervisor runs its `command`, or `start` and `stop` do.

    Call `home.prepare()` and `home.open_sockets()` before.
    """

    name: str
    stop_signal: signal.Signals

    def __init__(self, home: Home) -> None:
        self.home = home
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs to start, and clear what its dead predecessor left."""

    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """The server in the foreground, ending with this process."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it takes work."""

    def start(self, timeout_s: float = 60) -> None:
        """Start it and wait until it takes work. Its life is bound to the calling thread.

        Raises StartFailed.
        """
        self.prepare()
        log = self.home.logs / f"{self.name}.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StartFailed(f"{self.name} did not start: see {log}")
            time.sleep(0.02)

    def stop(self, grace_s: float = 20) -> None:
        """End it, by force after `grace_s`; nothing happens where it does not run."""
        if self._process is None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def package_folder(name: str) -> Path:
    """Where the wheel `name` is installed, found without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise StartFailed(f"The package {name} is not installed: run `make run`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent
