"""The supervisor of `manage.py up`: takes the home, starts everything in order, keeps it running, stops it in order."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from gemmaweb.local import swap, web
from gemmaweb.local.children import Child, Watch, last_line, open_log
from gemmaweb.local.errors import StartFailed
from gemmaweb.local.filesystem import write_whole
from gemmaweb.local.folder import Home
from gemmaweb.local.leftovers import RunFile
from gemmaweb.local.lock import HomeLock
from gemmaweb.local.plan import Plan, Step

logger = logging.getLogger(__name__)

# PostgreSQL may have a crash to recover from, on a slow disk.
SERVICES_TIMEOUT_S = 300
PROGRAMS_TIMEOUT_S = 120


class Supervisor:
    """Runs one plan on one home, from `run` to a signal."""

    def __init__(self, home: Home, plan: Plan, listening: socket.socket) -> None:
        self.home = home
        self.plan = plan
        self.listening = listening
        self._run_file = RunFile(home)
        self._watches: dict[str, Watch] = {}

    async def run(self) -> None:
        """Start all, and stop all at SIGINT, SIGTERM or SIGHUP.

        Raises StartFailed, with nothing left running.
        """
        told = _told_to_stop()
        starting = asyncio.create_task(self._start())
        waiting = asyncio.create_task(told.wait())
        try:
            await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await waiting
            logger.info("Stopping")
        finally:
            starting.cancel()
            waiting.cancel()
            await asyncio.wait((starting, waiting))
            await self._stop()

    async def _start(self) -> None:
        await self._start_all(self.plan.services, SERVICES_TIMEOUT_S)
        for step in await asyncio.to_thread(self.plan.set_up):
            await self._take(step)
        await self._start_all([child for stage in self.plan.programs for child in stage], PROGRAMS_TIMEOUT_S)
        address = web.address(self.listening)
        write_whole(self.home.address, address)
        if network := web.network_address(self.listening):
            logger.info("On your network it is %s", network)
        logger.info("Gemmaweb is ready at %s", address)

    async def _start_all(self, children: Sequence[Child], timeout_s: float) -> None:
        if not children:
            return
        logger.info("Starting %s", ", ".join(child.name for child in children))
        watches = [Watch(child, self.home, self._run_file) for child in children]
        self._watches.update((watch.child.name, watch) for watch in watches)
        for watch in watches:
            watch.start()
        for watch in watches:  # all are on their way; web, which says no until the workers are there, is asked last
            await watch.ready(timeout_s)

    async def _take(self, step: Step) -> None:
        logger.info("%s", step.title)
        path = self.home.logs / "setup.log"
        with open_log(path) as log:
            process = await asyncio.create_subprocess_exec(*step.command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)
        if await process.wait() != 0:
            raise StartFailed(f"{step.title} has failed: {last_line(path)} (more in {path}). {step.advice()}".rstrip())
        step.done()

    async def _stop(self) -> None:
        for stage in reversed((*((service,) for service in self.plan.services), *self.plan.programs)):
            await asyncio.gather(*(self._watches[child.name].stop() for child in stage if child.name in self._watches))


def run(home: Home, make_plan: Callable[[socket.socket], Plan]) -> None:
    """Run the plan on `home` until a signal, and leave no process, socket, lock or address.

    Raises Refused where the home or the port is taken, StartFailed where something does not come up.
    """
    home.prepare()
    log_to(home)
    lock = HomeLock(home)
    lock.acquire()
    try:
        RunFile(home).end_leftovers()
        swap.finish(home)
        home.address.unlink(missing_ok=True)
        with web.listen() as listening:
            home.open_sockets()
            asyncio.run(Supervisor(home, make_plan(listening), listening).run())
    finally:
        RunFile(home).remove()
        home.address.unlink(missing_ok=True)
        home.close_sockets()
        lock.release()


def log_to(home: Home) -> None:
    """Send what the supervisor says to the terminal, and with the time to its log."""
    terminal, file = logging.StreamHandler(sys.stdout), logging.FileHandler(home.logs / "supervisor.log")
    file.setFormatter(logging.Formatter("{asctime} {message}", style="{"))
    speaking = logging.getLogger("gemmaweb.local")
    speaking.handlers = [terminal, file]
    speaking.setLevel(logging.INFO)
    speaking.propagate = False


def _told_to_stop() -> asyncio.Event:
    """Set by Ctrl-C, by a service manager, or by a terminal that closes (unless nohup has said otherwise)."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, told.set)
    return told
