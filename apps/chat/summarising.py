"""Writing summaries on the worker's loop, one at a time, while nobody waits for an answer."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress

from django.conf import settings
from django.db import DatabaseError

from apps.chat import engines, summaries
from apps.chat.models import Summary
from apps.core.cancelling import cancelled
from apps.core.database import in_database
from apps.inference.engines.base import ChatRequest, Engine, EngineError, PromptTooLong, TextPiece, context_of
from apps.inference.engines.quote import QuoteEngine

logger = logging.getLogger(__name__)
BEAT_S = 0.5
TEXT_MAX_CHARS = 2_000


class NoModel(EngineError):
    """The documents' own words answer: nothing here can summarise."""

    code = "no_model"


class Summariser:
    """Writes the summaries that wait, on one event loop."""

    def __init__(self) -> None:
        self._life: asyncio.Task[None] | None = None
        self._work: asyncio.Task[tuple[str, str]] | None = None
        self.is_over = False

    def wake(self) -> None:
        """See what waits, unless that is being done. To be called on the worker's loop."""
        if not self.is_over and (self._life is None or self._life.done()):
            self._life = asyncio.create_task(self._live(), name="summaries")
            self._life.add_done_callback(_tell_fault)

    def give_way(self) -> None:
        """Somebody waits for an answer: what is being written is begun anew another time. To be called on the worker's loop."""
        if self._work is not None:
            self._work.cancel()

    def end(self) -> None:
        """Give way, and begin nothing any more. To be called on the worker's loop."""
        self.is_over = True
        self.give_way()

    async def idle(self) -> None:
        """Return when nothing is being written."""
        if self._life is not None:
            await asyncio.wait({self._life})

    async def _live(self) -> None:
        while not self.is_over and (row := await in_database(summaries.claim)()):
            await self._write(row)

    async def _write(self, row: Summary) -> None:
        self._work = work = asyncio.create_task(_compose(row), name=f"summary {row.pk}")
        try:
            await self._attend(work, row)
        finally:
            await cancelled(work)
            self._work = None
        if work.cancelled():
            await in_database(summaries.hand_back)(row)
        elif error := work.exception():
            logger.info("summary %s: %s", row.pk, getattr(error, "code", "a fault of our own"))
            await in_database(summaries.fail)(row)
            if not isinstance(error, EngineError):
                raise error
        else:
            text, engine = work.result()
            is_kept = await in_database(summaries.keep)(row, text=text, engine=engine)
            logger.info("summary %s: %s, %d characters", row.pk, "kept" if is_kept else "not wanted any more", len(text))

    @staticmethod
    async def _attend(work: asyncio.Task[tuple[str, str]], row: Summary) -> None:
        """Return when it is written, or is to stop."""
        while not work.done():
            await asyncio.wait({work}, timeout=BEAT_S)
            try:
                if not work.done() and not await in_database(summaries.beat)(row):
                    return
            except DatabaseError as error:
                logger.warning("summary %s: a heartbeat was missed (%s)", row.pk, error)


def _tell_fault(life: asyncio.Task[None]) -> None:
    """What no summary was written for: nobody waits for this task."""
    if not life.cancelled() and (error := life.exception()):
        logger.error("summaries: %s", error, exc_info=error)


async def _compose(row: Summary) -> tuple[str, str]:
    """The text, and the name of who wrote it. Raises EngineError."""
    engine, _is_other = await engines.choose_engine(row.conversation.workspace, row.conversation.chosen_model)
    if engine.name == QuoteEngine.name:
        raise NoModel
    for share in summaries.SHARES:
        request = await in_database(summaries.request_for)(row, context_of(engine, settings.CONTEXT_TOKENS), share)
        with suppress(PromptTooLong):  # then less of it is read
            return await _text_of(engine, request), engine.name
    raise PromptTooLong


async def _text_of(engine: Engine, request: ChatRequest) -> str:
    """What the model writes, as a row can hold it. Raises EngineError."""
    text = ""
    async with aclosing(engine.stream(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, TextPiece):
                text += piece.text.replace("\0", "")
            if len(text) > TEXT_MAX_CHARS:
                break
    if not text.strip():
        raise EngineError("The model wrote nothing.")
    return text.strip()[:TEXT_MAX_CHARS].encode("utf-8", "replace").decode()


summariser = Summariser()
