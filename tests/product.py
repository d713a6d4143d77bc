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
    """A running `manage.py up`; `address` is where it answers."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        outside = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        self.environment = {**outside, "GEMMAWEB_HOME": str(home), "GEMMAWEB_PORT": "0", "GEMMAWEB_LOG_LEVEL": "INFO", **environment}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._process = self._manage("up")
        wait_until(self._has_started, "the product to be ready", within_s=READY_S)

    def stop(self) -> None:
        """Ctrl-C, and wait until nothing of it is left."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.communicate(timeout=STOP_S)

    @property
    def address(self) -> str:
        """Where it answers, without a slash at the end."""
        return (self.home / "address").read_text().strip().rstrip("/")

    def pid_of(self, child: str) -> int:
        """The process that runs as `child` now: postgres, valkey, generation, ingest, sweep, web."""
        pid, _started = json.loads((self.home / "run" / "children.json").read_text())[child]
        return int(pid)

    def manage(self, *arguments: str, given: str = "") -> str:
        """What `manage.py` prints for `arguments`, run against this installation."""
        process = self._manage(*arguments)
        printed, _ = process.communicate(given, timeout=READY_S)
        assert process.returncode == 0, printed
        return printed

    def _manage(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def _has_started(self) -> bool:
        process = self._process
        assert process is not None
        assert process.poll() is None, process.communicate()[0]
        return (self.home / "address").exists()
