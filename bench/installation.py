"""An installation of its own for a benchmark: a home in the temp folder, `manage.py up`, an administrator and a key."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
EMAIL = "bench@example.org"
PASSWORD = "correct horse battery"  # noqa: S105 - of an installation that lives as long as the benchmark
WORKSPACE = "team"
READY_WITHIN_S = 60


class Installation:
    """Runs from `with` to its end; `url` and `key` open its one workspace, WORKSPACE. Takes settings as they stand in an environment."""

    def __init__(self, **settings: str) -> None:
        self._settings = settings

    def __enter__(self) -> Installation:
        self._folder = tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")
        self.home = Path(self._folder.name) / "home"
        self._environment = {**os.environ, "GEMMAWEB_HOME": str(self.home), "GEMMAWEB_PORT": "0", **self._settings}
        self._up = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=self._environment, stdout=sys.stderr)
        self.url = self._wait_ready()
        self.manage("createadmin", "--email", EMAIL, "--password-stdin", said=PASSWORD)
        self.key = self.manage("createkey", "--user", EMAIL, "--workspace", WORKSPACE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._up.terminate()
        self._up.wait()
        self._folder.cleanup()

    def _wait_ready(self) -> str:
        deadline = time.monotonic() + READY_WITHIN_S
        address = self.home / "address"
        while not address.exists():
            if self._up.poll() is not None or time.monotonic() > deadline:
                self._up.terminate()
                raise SystemExit("The installation did not become ready.")
            time.sleep(0.1)
        return address.read_text().strip()

    def manage(self, *command: str, said: str = "") -> str:
        """What `manage.py` says to this command on standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self._environment,
            input=said,
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
        return done.stdout.strip()
