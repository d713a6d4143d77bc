"""One supervisor a home: a lock that its death releases, however it dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from gemmaweb.local.errors import Refused
from gemmaweb.local.folder import Home


class HomeLock:
    """Held from `acquire` to `release` or to the end of this process."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._path = home.run / "lock"
        self._handle = -1

    def acquire(self) -> None:
        """Take it.

        Raises Refused where another holds it.
        """
        while self._handle < 0:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                raise Refused(self._refusal()) from None
            if self._is_the_file(handle):
                self._handle = handle
            else:
                os.close(handle)

    def release(self) -> None:
        """Remove the file and let go, in this order: see `_is_the_file`."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = -1

    def _is_the_file(self, handle: int) -> bool:
        """A predecessor may have removed the file between our opening and our locking it: that would be a lock on nothing."""
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(handle), self._path.stat())
        return False

    def _refusal(self) -> str:
        try:
            return f"Gemmaweb already runs on this folder, at {self.home.address.read_text()}"
        except FileNotFoundError:
            return f"Gemmaweb is already starting or stopping on {self.home.path}"
