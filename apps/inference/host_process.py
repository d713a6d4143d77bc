"""One engine host as its worker sees it: started, watched, started again with back-off, ended."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from . import wire
from .engines.base import EngineUnavailable
from .machine import read_machine
from .model_file import ModelFile, ModelFileChanged, changed_parts

logger = logging.getLogger(__name__)

LOAD_TIMEOUT_S = 900  # 18 GB from a slow disk
NOTICE_S = 5
STEADY_S = 60  # a host that lived so long starts over without a wait
BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
GRACE_S = 2  # for engines handed out just before their model was replaced
MEMORY_SHARE = 0.6  # for models; the rest is for everything else
PROJECT = Path(__file__).resolve().parents[2]
# A thread that waits for its next piece of work spins some 10 us, then sleeps. Asleep at once, a model at rest wrote a ninth of its speed;
# spinning for milliseconds, as OpenMP does by itself, it stood still on cores that others wanted too. See docs/decisions/0007.
WAITING = {"GOMP_SPINCOUNT": "10000"}
PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"),
    *("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES"),
    *("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"),
)
WHY = ("error loading model: ", "GGML_ASSERT")


def memory_for_models() -> int:
    """How many bytes all models may have together: of the machine, or of the container where that has less."""
    return int(read_machine().memory_bytes * MEMORY_SHARE)


@dataclass(frozen=True, slots=True)
class HostPlan:
    """Where hosts listen, how many answers, of how many tokens with their prompt, they write at once, and what they may need together."""

    sockets: Path
    slots: int
    context_tokens: int
    memory_bytes: int = field(default_factory=memory_for_models)


@dataclass(frozen=True, slots=True)
class HostStatus:
    """How the model in use fares; the reason is a sentence, and empty unless it failed."""

    name: str
    state: Literal["none", "loading", "ready", "failed"]
    reason: str = ""
    pid: int | None = None


class HostProcess:
    """The child that serves one model file. Lives in one event loop; nothing in it blocks that loop."""

    def __init__(self, file: ModelFile, plan: HostPlan, *, need_bytes: int = 0, after: Collection[asyncio.Task[None]] = ()) -> None:
        """`need_bytes` is what it will take; it is loaded once all of `after` are done."""
        self.file = file
        self.plan = plan
        self.need_bytes = need_bytes
        self.layers_on_cards = self._on_cards_bytes = 0  # as the child says; bytes of cards that have a memory of their own
        self._after = after
        self.left_out: dict[ModelFile, str] = {}  # parts of the file that are not loaded, and why
        self._socket = plan.sockets / f"engine-{secrets.token_hex(4)}.sock"
        self._users = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._pid: int | None = None
        self._errors: deque[str] = deque(maxlen=20)
        self._ready = _new_outcome()
        self._gone = asyncio.Event()
        self._life = asyncio.create_task(self._live())

    @property
    def memory_bytes(self) -> int:
        """What it takes of the machine's memory, without what is on graphics cards."""
        return max(0, self.need_bytes - self._on_cards_bytes)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection, as soon as the model is loaded. Raises EngineUnavailable with the reason if it cannot be."""
        self._users += 1
        self._idle.clear()
        try:
            reader, writer = await self._connect()
            try:
                yield reader, writer
            finally:
                writer.close()
        finally:
            self._users -= 1
            if not self._users:
                self._idle.set()

    @property
    def is_busy(self) -> bool:
        """Whether somebody is being answered now."""
        return self._users > 0

    def status(self) -> HostStatus:
        """How it stands now."""
        if not self._ready.done():
            return HostStatus(self.file.name, "loading", pid=self._pid)
        if error := self._ready.exception():
            return HostStatus(self.file.name, "failed", str(error))
        return HostStatus(self.file.name, "ready", pid=self._pid)

    async def end(self) -> None:
        """Kill the child and wait for its end; whoever waits for the model gets EngineUnavailable."""
        self._life.cancel()
        await asyncio.wait({self._life})
        self._fail("The model was replaced by another one.")

    async def end_when_idle(self) -> None:
        """End after a short grace and the last answer."""
        await asyncio.sleep(GRACE_S)
        await self._idle.wait()
        await self.end()

    async def _live(self) -> None:
        """Start the child again and again; only a file that has changed is left alone."""
        failures = 0
        if self._after:
            await asyncio.wait(self._after)
        while True:
            began = time.monotonic()
            try:
                self.left_out = await asyncio.to_thread(changed_parts, self.file)
                await self._run_once()
                self._renew()  # it served and died: who comes now waits for the next one
            except ModelFileChanged as error:
                self._fail(str(error))
                return
            except EngineUnavailable as error:
                self._fail(str(error))
            except OSError as error:  # no memory or no room for another process, for now
                self._fail(f"The model's process cannot be started: {error.strerror}.")
            failures = 0 if time.monotonic() - began > STEADY_S else failures + 1
            wait_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
            logger.warning(
                "engine host of %s has ended, starts again in %.1f s (%s)", self.file.name, wait_s, self._why() or "no reason told"
            )
            await asyncio.sleep(wait_s)
            if self._ready.done():
                self._renew()

    async def _run_once(self) -> None:
        """From a child's start to its end. Raises EngineUnavailable if it never became ready."""
        process = await self._start()
        errors = asyncio.create_task(self._read_errors(process))
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                await self._loaded(process, errors)
            self._gone.clear()
            self._ready.set_result(None)
            logger.info("engine host of %s is ready, pid %d", self.file.name, process.pid)
            await process.wait()
        except TimeoutError:
            raise EngineUnavailable(f"The model was not loaded after {LOAD_TIMEOUT_S} s.") from None
        finally:
            if process.returncode is None:  # else the kill would fetch the dead child away from asyncio
                process.kill()
            await process.wait()
            await errors
            self._socket.unlink(missing_ok=True)

    async def _start(self) -> Process:
        """The child, with none of our secrets in its environment."""
        self._errors.clear()
        options = {
            "--engine": self.file.engine,
            "--family": self.file.family,
            "--role": self.file.role,
            "--pooling": self.file.pooling,
            "--model": self.file.path,
            "--socket": self._socket,
            "--slots": self.plan.slots,
            "--context-tokens": self.plan.context_tokens,
            "--parent": os.getpid(),
        }
        environment = WAITING | {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment["GGML_NO_BACKTRACE"] = "1"  # an abort would start a debugger first
        words = [*(str(part) for option in options.items() for part in option), *self._part_options()]
        command = [sys.executable, "-m", "apps.inference.host", *words]
        started = asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, cwd=PROJECT, env=environment)
        process = await _whole(started)
        self._pid = process.pid
        return process

    def _part_options(self) -> list[str]:
        """The parts that are loaded with the file."""
        options = [("--adapter", adapter) for adapter in self.file.adapters]
        options += [("--projector", self.file.projector)] if self.file.projector else []
        options += [("--drafter", self.file.drafter)] if self.file.drafter else []
        return [word for option, part in options if part not in self.left_out for word in (option, str(part.path))]

    async def _loaded(self, process: Process, errors: asyncio.Task[None]) -> None:
        """Raises EngineUnavailable with the best reason there is, if the child does not say that it is ready."""
        word = await _word(process)
        if word.startswith('{"on_cards"'):
            said = json.loads(word)
            self.layers_on_cards, self._on_cards_bytes = said["on_cards"], said["bytes"]
            word = await _word(process)
        if word == "ready":
            return
        code = await process.wait()
        await errors
        if word:
            raise EngineUnavailable(self._sentence(json.loads(word)["failed"]))
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise EngineUnavailable(self._sentence(f"Loading the model ended its process ({how})"))

    async def _read_errors(self, process: Process) -> None:
        pipe = _pipe(process.stderr)
        while not pipe.at_eof():
            try:
                text = await pipe.readline()
            except ValueError:  # longer than the buffer: passed over, as a child whose words nobody reads hangs
                continue
            self._errors.append(text.decode("utf-8", "replace").strip())

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Two tries: the first may meet a child that has just died, before that was noticed."""
        for _ in range(2):
            await asyncio.shield(self._ready)
            try:
                return await self._greeted()
            except OSError as error:
                logger.warning("engine host of %s does not listen: %s", self.file.name, error)
                await self._noticed()
        raise EngineUnavailable("The model's process ends again and again.")

    async def _greeted(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A dying process takes connections as long as one of its threads lives; only a living one answers. Raises OSError."""
        reader, writer = await asyncio.open_unix_connection(self._socket, limit=wire.LINE_MAX_BYTES)
        if await reader.readline() == wire.GREETING:
            return reader, writer
        writer.close()
        raise ConnectionResetError("it hung up")

    async def _noticed(self) -> None:
        try:
            async with asyncio.timeout(NOTICE_S):
                await self._gone.wait()
        except TimeoutError:
            raise EngineUnavailable("The model's process runs but does not listen.") from None

    def _why(self) -> str:
        """What llama.cpp wrote about its end, if it did."""
        return next((text[text.index(mark) :].removeprefix(WHY[0]) for text in self._errors for mark in WHY if mark in text), "")

    def _sentence(self, what: str) -> str:
        why = self._why()
        return f"{what}: {why}." if why else f"{what.rstrip('.')}."

    def _renew(self) -> None:
        self._ready = _new_outcome()
        self._gone.set()

    def _fail(self, sentence: str) -> None:
        if self._ready.done():
            self._renew()
        self._ready.set_exception(EngineUnavailable(sentence))


async def _whole(started: Coroutine[Any, Any, Process]) -> Process:
    """The process. Whoever is cancelled waits for its start, and ends it: a start that is cancelled itself never returns (Python 3.11)."""
    starting = asyncio.ensure_future(started)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting})
        if not starting.cancelled() and not starting.exception():
            starting.result().kill()
        raise


def _new_outcome() -> asyncio.Future[None]:
    outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    outcome.add_done_callback(_note)
    return outcome


def _note(outcome: asyncio.Future[None]) -> None:
    """Look at a failure, so that asyncio does not complain where nobody waited for the model."""
    if not outcome.cancelled():
        outcome.exception()


async def _word(process: Process) -> str:
    """The next line of what the child says."""
    return (await _pipe(process.stdout).readline()).decode().strip()


def _pipe(reader: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if reader is None:
        raise TypeError("the child was started without this pipe")
    return reader
