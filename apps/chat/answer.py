"""One run from claim to end on the worker's loop: its heartbeat, its ears for Stop, and its last word."""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto

from django.db import DatabaseError

from apps.chat.composing import Composer
from apps.chat.ending import finish, hand_over
from apps.chat.models import Generation
from apps.chat.stream import StreamWriter, flusher
from apps.core.database import in_database
from apps.core.hub import LiveUnavailable, hub
from apps.inference.engines.base import EngineError

logger = logging.getLogger(__name__)
BEAT_S = 0.5

Status = Generation.Status


class Verdict(Enum):
    """Why a run was broken off."""

    STOPPED = auto()
    LOST = auto()  # another attempt owns the run, or its conversation is gone: not a word more
    HANDED_OVER = auto()


class Answer:
    """A claimed run while this worker writes it."""

    def __init__(self, run: Generation) -> None:
        self.run = run
        self.writer = StreamWriter(flusher(), run=run.pk, conversation=run.conversation_id, attempt=run.attempt)
        self._composer = Composer(run, self.writer)
        self._work = asyncio.create_task(self._composer.compose(), name=f"run {run.pk}")
        self._verdict: Verdict | None = None
        self._saved_seq = 0

    async def write(self) -> None:
        """Return when the run has ended, or is no longer ours."""
        room = f"run:{self.run.pk}"
        beat = asyncio.create_task(self._beat())
        try:
            await self._listen(room)
            await asyncio.wait({self._work})
            await self._end()
        finally:
            beat.cancel()
            self._work.cancel()
            await hub().leave(room, self)

    def offer(self, raw: str) -> None:
        """Somebody asked for a stop: the only thing that is said in a run's own room."""
        self.break_off(Verdict.STOPPED)

    def drop(self) -> None:
        """The room was lost; the heartbeat finds out what is to be known."""

    def break_off(self, verdict: Verdict) -> None:
        """End the writing now; the first reason counts."""
        self._verdict = self._verdict or verdict
        self._work.cancel()

    async def _listen(self, room: str) -> None:
        try:
            await hub().join(room, self)
        except LiveUnavailable:
            logger.warning("run %s: cannot hear a stop at once; the heartbeat will", self.run.pk)

    async def _beat(self) -> None:
        while self._verdict is None:
            await asyncio.sleep(BEAT_S)
            try:
                if not await self._save():
                    self.break_off(await in_database(self._why_not_ours)())
            except DatabaseError as error:
                logger.warning("run %s: a heartbeat was missed (%s)", self.run.pk, error)

    async def _save(self) -> bool:
        """The row is written on another thread: what goes there is copied first, as this one goes on writing."""
        seq, writer = self.writer.seq, self.writer
        lists = {"citations": [*writer.citations], "calls": [*writer.calls], "notes": [*writer.notes]}
        written = {"text": writer.text, "thinking": writer.thinking, **lists}
        is_ours = await in_database(Generation.objects.beat)(
            pk=self.run.pk, attempt=self.run.attempt, **(written if seq != self._saved_seq else {})
        )
        self._saved_seq = seq
        return is_ours

    def _why_not_ours(self) -> Verdict:
        is_stopping = Generation.objects.filter(pk=self.run.pk, attempt=self.run.attempt, status=Status.STOPPING).exists()
        return Verdict.STOPPED if is_stopping else Verdict.LOST

    async def _end(self) -> None:
        broken_off = self._work.cancelled()
        if broken_off and self._verdict is Verdict.LOST:
            return
        error = None if broken_off else self._work.exception()
        if broken_off:
            self.writer.discard()
        await self.writer.settle()
        if not (broken_off and self._verdict is Verdict.HANDED_OVER and await self._hand_over()):
            await self._finish(error, Status.STOPPED if broken_off else Status.FAILED if error else Status.DONE)
        if error and not isinstance(error, EngineError):
            raise error

    async def _hand_over(self) -> bool:
        run = self.run
        return await in_database(hand_over)(pk=run.pk, attempt=run.attempt, written=self._composer.written())

    async def _finish(self, error: BaseException | None, status: Status) -> None:
        code = "" if error is None else error.code if isinstance(error, EngineError) else "internal"
        run, written = self.run, self._composer.written()
        is_ours = await in_database(finish)(pk=run.pk, attempt=run.attempt, seq=self.writer.seq, status=status, written=written, error=code)
        said = (status if is_ours else "lost", code, len(written.text), written.prompt_tokens, written.known_tokens)
        logger.info("run %s attempt %d: %s %s, %d characters, prompt %d tokens, %d known", run.pk, run.attempt, *said)


class Shift:
    """The runs that this worker writes, until it is told to end."""

    def __init__(self) -> None:
        self._answers: set[Answer] = set()
        self.is_over = False

    async def answer(self, run: Generation) -> None:
        """Write the answer to a claimed run, to its end: done, stopped, failed, handed over, or silence where it is not ours any more."""
        one = Answer(run)
        self._answers.add(one)
        if self.is_over:  # it was claimed in the very moment
            one.break_off(Verdict.HANDED_OVER)
        try:
            await one.write()
        finally:
            self._answers.discard(one)

    def end(self) -> None:
        """Break off every run so that another worker goes on with it. To be called on the worker's loop."""
        self.is_over = True
        for one in self._answers:
            one.break_off(Verdict.HANDED_OVER)


shift = Shift()
