"""One run as the program reads it that asked for it: what is new, then the row; the run ends with its reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from django.utils.translation import override

from apps.api.caller import Caller
from apps.api.events import Frames
from apps.api.v1.refusals import InvalidKey, RunFailed
from apps.chat import services
from apps.chat.models import Generation
from apps.chat.snapshots import citation_entry
from apps.core.database import in_database
from apps.core.hub import Dropped, Reader, hub


@dataclass(frozen=True, slots=True)
class News:
    """What came since the last time; nothing at all where nothing came for some seconds."""

    text: str = ""
    thinking: str = ""
    calls: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a run: its row, and what its markers stand for."""

    run: Generation
    citations: list[dict[str, Any]]

    @property
    def finish_reason(self) -> str:
        """Why no more was written."""
        return "tool_calls" if self.run.calls else "length" if self.run.is_cut else "stop"


class Asking:
    """A request on its way to its answer. As a context manager: asks on the way in, stops the run on the way out unless it has ended.

    A program that goes away wants no answer, whether its question has just been stored or half of the answer is written.
    """

    def __init__(self, caller: Caller, ask: Callable[[], Generation]) -> None:
        self.caller, self._ask = caller, ask
        self.run: Generation
        self.result: Result | None = None
        self._chars = self._thinking_chars = self._calls = 0

    async def __aenter__(self) -> Asking:
        """Ask. Raises what the service raises."""
        asking = asyncio.ensure_future(in_database(self._ask)())
        try:
            self.run = await asyncio.shield(asking)
        except asyncio.CancelledError:
            await asyncio.wait({asking})  # it cannot be called back from its thread
            if not asking.exception():
                await in_database(services.stop)(run=asking.result())
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        """Stop what nobody reads any more."""
        if self.result is None:
            await in_database(services.stop)(run=self.run)

    async def news(self) -> AsyncGenerator[News, None]:
        """What is written, as it comes, until the end; `result` is known then.

        Raises RunFailed, LiveUnavailable, and InvalidKey where the key ended meanwhile.
        """
        while self.result is None:
            async with aclosing(self._until_dropped()) as pieces:
                async for piece in pieces:
                    yield piece
        if self.result.run.error:
            with override(self.caller.language):
                raise RunFailed(self.result.run.error, self.result.run.error_sentence)

    async def _until_dropped(self) -> AsyncGenerator[News, None]:
        room, reader = f"conversation:{self.run.conversation_id}", Reader()
        try:
            await hub().join(room, reader)
            async for frame in Frames(self.caller, self.run, "").frames(reader):
                if frame is None or frame["type"] != "ended":
                    yield self._new_in(frame)
                elif (rest := await self._end()) != News():
                    yield rest
            if self.result is None:
                raise InvalidKey
        except Dropped:  # frames were missed: a snapshot has them
            return
        finally:
            await hub().leave(room, reader)

    async def _end(self) -> News:
        """What the row has that no frame has brought."""
        self.result = await in_database(self._read)()
        run = self.result.run
        return self._new_in({"type": "snapshot", "text": run.answer.text, "thinking": run.answer.thinking, "calls": run.calls})

    def _new_in(self, frame: dict[str, Any] | None) -> News:
        if frame is None:
            return News()
        text, thinking, calls = frame.get("text", ""), frame.get("thinking", ""), frame.get("calls", [])
        if frame["type"] == "snapshot":  # all there is; but of calls only the end tells it
            text, thinking, calls = text[self._chars :], thinking[self._thinking_chars :], calls[self._calls :]
        self._chars += len(text)
        self._thinking_chars += len(thinking)
        self._calls += len(calls)
        return News(text, thinking, tuple(calls))

    def _read(self) -> Result:
        run = self.caller.as_of_now().run(self.run.pk)
        return Result(run, [citation_entry(citation) for citation in run.answer.citations.order_by("n")])
