"""The whole product in a home of its own, as `make run` starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READY_S = 120
STOP_S = 60


def wait_until(condition: Callable[[], object], what: str, *, within_s: float = 30) -> None:
    """Return as soon as `condition()` is true. Raises AssertionError after `within_s`."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {within_s} s for {what}"
        time.sleep(0.05)


class Product:
    """A running `manage.py up`; `address` is where it answers. It prints into a file: a pipe that nobody empties would stop it."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.output = home.with_name(f"{home.name}.out")
        outside = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        self.environment = {**outside, "GEMMAWEB_HOME": str(home), "GEMMAWEB_PORT": "0", "GEMMAWEB_LOG_LEVEL": "INFO", **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command("up"), cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        try:
            wait_until(self._has_started, "the product to be ready", within_s=READY_S)
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> None:
        """Ctrl-C, and wait until nothing of it is left."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(STOP_S)
            self._process = None

    @property
    def address(self) -> str:
        """Where it answers, without a slash at the end."""
        return (self.home / "address").read_text().strip().rstrip("/")

    @property
    def says(self) -> str:
        """What the last start has printed so far."""
        return self.output.read_text()

    def pid_of(self, child: str) -> int:
        """The process that runs as `child` now: postgres, valkey, generation, ingest, sweep, web."""
        pid, _started = json.loads((self.home / "run" / "children.json").read_text())[child]
        return int(pid)

    def manage(self, *arguments: str, given: str = "") -> str:
        """What `manage.py` prints for `arguments`, run against this installation; what it complains of is in the failure only."""
        command = self._command(*arguments)
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=given, capture_output=True, text=True, timeout=READY_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    def _has_started(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.says
        return (self.home / "address").exists()
