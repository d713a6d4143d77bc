"""A run's frames as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from django.utils.translation import override

from apps.api.caller import Caller
from apps.chat.models import Generation
from apps.chat.services import asked_frame
from apps.chat.snapshots import ended_frame, snapshot_frame
from apps.core.database import in_database
from apps.core.errors import NotFound
from apps.core.hub import Dropped, LiveUnavailable, Reader, hub
from apps.core.live import encode

LOOK_AGAIN_S = 5.0

Frame = dict[str, Any]


async def follow(caller: Caller, run: Generation, last_event_id: str) -> AsyncIterator[str]:
    """The events that a client misses who has seen `last_event_id` (empty: none), then all that come, `ended` being the last.

    Ends early where the caller may no longer read the run (found out within LOOK_AGAIN_S), or is too slow; whoever comes back goes on
    from there.
    """
    room, reader = f"conversation:{run.conversation_id}", Reader()
    try:
        await hub().join(room, reader)
        async for frame in Frames(caller, run, last_event_id).frames(reader):
            yield _event(frame)
    except LiveUnavailable:
        with override(caller.language):
            frame = {"type": "error", **LiveUnavailable().as_dict()}
        yield _event(frame)
    except Dropped:
        return
    finally:
        await hub().leave(room, reader)


async def ask_and_follow(caller: Caller, run: Generation) -> AsyncIterator[str]:
    """The `asked` event of a run, then what `follow` tells of it."""
    yield _event(dict(asked_frame(run)))
    async for event in follow(caller, run, ""):
        yield event


class Frames:
    """Where one reader of one run stands: by `caller.run` it is found, as long as it may be read."""

    def __init__(self, caller: Caller, run: Generation, last_event_id: str) -> None:
        self.caller, self.pk = caller, run.pk
        self.attempt, self.seq = _position(last_event_id)
        self.look_at = 0.0

    async def frames(self, reader: Reader) -> AsyncIterator[Frame | None]:
        """What the reader misses, then what it gets; None now and then while nothing comes. Ends with the right to read."""
        shown = await self._now()
        while shown is not None:
            if self._is_news(shown):
                yield shown
            if shown["type"] == "ended":
                return
            self.attempt, self.seq = shown["attempt"], shown["seq"]
            async for frame in self._until_a_gap(reader):
                yield frame
                if frame and frame["type"] == "ended":
                    return
            shown = await self._now()

    async def _until_a_gap(self, reader: Reader) -> AsyncIterator[Frame | None]:
        """Frames in order. Ends where one is missing, another worker has taken over, nothing comes, or they may not be read any more."""
        has_come = False
        while True:
            try:
                async with asyncio.timeout(self.look_at - time.monotonic()):
                    frame = json.loads(await anext(reader))
            except TimeoutError:
                if not has_come or await self._now() is None:
                    yield None
                    return
                has_come = False  # frames that keep coming do not say that the right to read them is still there
                continue
            has_come = True
            if frame.get("run") != str(self.pk) or frame["type"] not in {"delta", "ended"} or self._is_old(frame):
                continue
            if frame["type"] == "delta" and (frame["attempt"], frame["seq"]) != (self.attempt or 1, self.seq + 1):
                return
            if frame.get("error"):  # told in the worker's language: the row is asked in the reader's
                return
            self.attempt, self.seq = frame["attempt"], frame["seq"]
            yield frame

    def _is_old(self, frame: Frame) -> bool:
        return frame["type"] == "delta" and (frame["attempt"], frame["seq"]) <= (self.attempt, self.seq)

    def _is_news(self, shown: Frame) -> bool:
        """A snapshot of nothing, or of what the reader has, says nothing."""
        return shown["type"] == "ended" or (shown["seq"] > 0 and (shown["attempt"], shown["seq"]) != (self.attempt, self.seq))

    async def _now(self) -> Frame | None:
        self.look_at = time.monotonic() + LOOK_AGAIN_S
        return await in_database(self._read)()

    def _read(self) -> Frame | None:
        """All that was shown so far, or the end; None if the run cannot be seen (any more)."""
        try:
            run = self.caller.as_of_now().run(self.pk)
        except NotFound:
            return None
        with override(self.caller.language):
            return ended_frame(run) if run.has_ended else snapshot_frame(run)


def _position(last_event_id: str) -> tuple[int, int]:
    """Attempt and number of the last frame seen; (0, 0) for none, and for anything that is not ours."""
    attempt, _, seq = last_event_id.partition("-")
    return (int(attempt), int(seq)) if _is_number(attempt) and _is_number(seq) else (0, 0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _event(frame: Frame | None) -> str:
    """The frame in the form of an event; for none a comment, which clients pass over and proxies take for life."""
    if frame is None:
        return ": still here\n\n"
    position = f"id: {frame['attempt']}-{frame['seq']}\n" if "seq" in frame else ""
    return f"{position}event: {frame['type']}\ndata: {encode(frame)}\n\n"
