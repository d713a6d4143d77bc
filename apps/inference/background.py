"""A thread of its own for work that takes hours: Celery's slots are for questions and files."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection


class Background:
    """Does `work` in a thread whenever it is woken, never twice at once; woken in between, it does it once more."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        self._lock = threading.Lock()
        self._is_wanted = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have the work done soon; returns at once."""
        with self._lock:
            self._is_wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of what is being done."""
        if (thread := self._thread) is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while self._takes_order():
                self._work()
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None  # the work has failed: the next wake-up starts anew
            connection.close()

    def _takes_order(self) -> bool:
        """Whether there is work; if not, the thread is over from this moment on."""
        with self._lock:
            wanted, self._is_wanted = self._is_wanted, False
            if not wanted:
                self._thread = None
            return wanted
