"""A child of the supervisor: what it is, as data, and the coroutine that keeps it running."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from gemmaweb.local.errors import StartFailed
from gemmaweb.local.folder import Home
from gemmaweb.local.leftovers import RunFile, kill_group

logger = logging.getLogger(__name__)

LOG_MAX_BYTES = 10 * 1024 * 1024
STEADY_S = 60
POLL_S = 0.1
# A child that dies this often before it was ever ready will not come up by itself.
DEATHS_BEFORE_READY = 3


@dataclass(frozen=True)
class Child:
    """One process to keep running. `prepare` and `is_ready` may block: they run in a thread."""

    name: str
    command: Callable[[], tuple[str, ...]]
    is_ready: Callable[[], bool]
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10
    environment: Mapping[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()


class Backoff:
    """How long to wait before the next start: 1, 2, 4 ... 30 seconds, and 1 again after a steady life."""

    def __init__(self) -> None:
        self._next_s = 1

    def after(self, lived_s: float) -> int:
        """Seconds to wait, now that a life of `lived_s` has ended."""
        if lived_s >= STEADY_S:
            self._next_s = 1
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, 30)
        return wait_s


class Watch:
    """Keeps one child running from `start` to `stop`."""

    def __init__(self, child: Child, home: Home, run_file: RunFile) -> None:
        self.child = child
        self.log = home.logs / f"{child.name}.log"
        self._run_file = run_file
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._deaths = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_running())

    async def ready(self, timeout_s: float) -> None:
        """Return when the child takes work.

        Raises StartFailed after `timeout_s`, or when it keeps dying.
        """
        deadline = time.monotonic() + timeout_s
        while self._process is None or not await asyncio.to_thread(self.child.is_ready):
            if self._deaths >= DEATHS_BEFORE_READY or time.monotonic() > deadline:
                raise StartFailed(f"{self.child.name} does not start: {last_line(self.log)} (more in {self.log})")
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """End the child and all of its process group, by force after its grace."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait((self._task,))
        if self._process is not None:
            await self._end(self._process)

    async def _keep_running(self) -> None:
        backoff = Backoff()
        while True:
            began = time.monotonic()
            reason = await self._live_once()
            self._deaths += 1
            wait_s = backoff.after(time.monotonic() - began)
            logger.warning("%s ended (%s), starts again in %d s; its log is %s", self.child.name, reason, wait_s, self.log)
            await asyncio.sleep(wait_s)

    async def _live_once(self) -> str:
        """Start the child, wait for its end, and say how it ended."""
        try:
            await asyncio.to_thread(self.child.prepare)
            self._process = await self._spawn()
        except (StartFailed, OSError) as error:
            return str(error)
        status = await self._process.wait()
        kill_group(self._process.pid)
        self._process = None
        return in_words(status)

    async def _spawn(self) -> asyncio.subprocess.Process:
        """Forked by the loop's thread, the main one: a death signal is bound to the thread that forked."""
        with open_log(self.log) as log:
            process = await asyncio.create_subprocess_exec(
                *self.child.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.child.environment},
                pass_fds=self.child.pass_fds,
                start_new_session=True,
            )
        self._run_file.note(self.child.name, process.pid)
        return process

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.send_signal(self.child.stop_signal)
        try:
            async with asyncio.timeout(self.child.grace_s):
                await process.wait()
        except TimeoutError:
            logger.warning("%s did not stop within %d s: killed", self.child.name, self.child.grace_s)
        kill_group(process.pid)
        await process.wait()


def open_log(path: Path) -> BinaryIO:
    """The log to append to; a long one is put aside first, in place of the one before."""
    if path.exists() and path.stat().st_size > LOG_MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def last_line(log: Path) -> str:
    """The last words of a log, most often the reason."""
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")


def in_words(status: int) -> str:
    """How a process ended, from its return code."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
