"""A Valkey of one test's own, to be stopped in mid-life and killed."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

from gemmaweb.local.folder import Home
from gemmaweb.local.valkey import Valkey


class OwnValkey(Valkey):
    """Runs in a home of its own, from `start` to `remove`."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="gemmaweb-redis-"))
        folder.chmod(0o755)  # it may run under another account
        super().__init__(Home(folder))
        self.home.prepare()
        self.home.open_sockets()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.home.redis_url()

    def freeze(self) -> None:
        """It takes connections and bytes, and answers nothing: as behind a network that was cut."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, if it is there."""
        if self._process is not None and self._process.poll() is None:
            self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """It is gone at once."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def remove(self) -> None:
        """Whatever state it is in."""
        self.thaw()
        self.stop()
        self.home.close_sockets()
        shutil.rmtree(self.home.path, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
