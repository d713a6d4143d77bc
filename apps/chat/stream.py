"""From pieces to numbered frames: one pipeline carries the frames of all runs of a worker, at most every 25 ms.

The text so far goes into Redis in the same MULTI as its frame, so a snapshot is never behind a frame. Keys carry the attempt: a late worker
writes beside its successor, never into its text.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from apps.chat.blocks import Block, BlockReader
from apps.core.cancelling import cancelled
from apps.core.live import TIMEOUT_S, Frame, channel, encode

logger = logging.getLogger(__name__)
FLUSH_S = 0.025
GATHER_S = 0.003  # the runs of one engine have something to say at the same moments, one after the other
KEEP_S = 60 * 60
KEEP_AGAIN_FRAMES = 1_000
GROWING = ("text", "thinking", "html")
PARTS = (*GROWING, "state")


def state_key(run: UUID, attempt: int, part: str) -> str:
    """Where Redis keeps `part` (one of PARTS) of what this attempt has shown."""
    return f"gemmaweb:run:{run}:{attempt}:{part}"


class StreamWriter:
    """What one attempt at a run has shown, and what it is about to show.

    `text` and `thinking` are what was shown: they grow only when a frame is numbered. What was added since then waits for the next flush.
    """

    def __init__(self, flusher: Flusher, *, run: UUID, conversation: UUID, attempt: int) -> None:
        self.run, self.attempt = run, attempt
        self.room = f"conversation:{conversation}"
        self.seq = 0
        self.text = self.thinking = self.engine = ""
        self.citations: list[dict[str, Any]] = []
        self.calls: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.tokens_per_s = 0.0
        self.html: list[str] = []  # of the first `taken` characters
        self._reader = BlockReader()
        self.taken = 0
        self._waiting: dict[str, Any] = {}
        self._begun = self._is_stored_whole = False
        self._flusher = flusher

    def begin(self, *, engine: str, text: str = "", thinking: str = "", **bound: list[Any]) -> None:
        """Start from what earlier attempts have shown, `citations`, `calls` and `notes` among it; the next flush tells of the start."""
        self.engine, self.text, self.thinking = engine, text, thinking
        self.citations, self.calls, self.notes = (list(bound.get(name, [])) for name in ("citations", "calls", "notes"))
        self._read_blocks(text)
        self._begun = True
        self._flusher.wake(self)

    def add_text(self, text: str) -> None:
        """Show more of the answer."""
        self._add("text", self._waiting.get("text", "") + text)

    def add_thinking(self, text: str) -> None:
        """Show more of what the model thinks."""
        self._add("thinking", self._waiting.get("thinking", "") + text)

    def cite(self, citation: dict[str, Any]) -> None:
        """Say what a marker stands for, in the frame that shows the marker."""
        self._add("citations", [*self._waiting.get("citations", []), citation])

    def call(self, call: dict[str, str]) -> None:
        """Tell the program that asked which tool the model calls."""
        self._add("calls", [*self._waiting.get("calls", []), call])

    def note(self, code: str) -> None:
        """Say what happened on the way."""
        self._add("notes", [*self._waiting.get("notes", []), code])

    def measure(self, tokens_per_s: float) -> None:
        """Send the speed along with the next frame."""
        self.tokens_per_s = round(tokens_per_s, 1)

    def discard(self) -> None:
        """Forget what was not shown yet: a stopped answer keeps exactly what was shown."""
        self._waiting = {}

    async def settle(self) -> None:
        """Return when everything added has been sent (or could not be) and nothing is on its way."""
        await self._flusher.flush()

    def store_into(self, pipeline: Pipeline) -> None:
        """Queue this writer's next frame, and its text, for one MULTI."""
        if self._begun:
            self._begun = False
            self._store(pipeline, self._started(), {})
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            self._store(pipeline, self._number(waiting), waiting)

    def store_whole_next(self) -> None:
        """Redis may have missed a frame: the next one stores the whole text again instead of appending to it."""
        self._is_stored_whole = False

    @property
    def markers(self) -> list[int]:
        """The numbers that stand for a source."""
        return [citation["n"] for citation in self.citations]

    @property
    def has_citations(self) -> bool:
        """Whether any source was bound."""
        return bool(self.citations or self._waiting.get("citations"))

    def _add(self, name: str, value: Any) -> None:
        self._waiting[name] = value
        self._flusher.wake(self)

    def _started(self) -> Frame:
        return {"type": "started", "run": str(self.run), "attempt": self.attempt, "engine": self.engine}

    def _number(self, waiting: dict[str, Any]) -> Frame:
        self.seq += 1
        self.text += waiting.get("text", "")
        self.thinking += waiting.get("thinking", "")
        self.citations += waiting.get("citations", [])
        self.calls += waiting.get("calls", [])
        self.notes += waiting.get("notes", [])
        frame = {"type": "delta", "run": str(self.run), "attempt": self.attempt, "seq": self.seq, **waiting}
        if "citations" in frame:
            frame["citations"] = [shown(citation) for citation in frame["citations"]]
        if blocks := self._read_blocks(waiting.get("text", "")):
            frame["blocks"] = [{"take": block.take, "html": block.html} for block in blocks]
            waiting["html"] = "".join(block.html for block in blocks)
        if self.tokens_per_s:
            frame["tokens_per_s"] = self.tokens_per_s
        return frame

    def _read_blocks(self, text: str) -> list[Block]:
        self._reader.markers = self.markers
        blocks = self._reader.feed(text)
        self.html += [block.html for block in blocks]
        self.taken += sum(len(block.text) for block in blocks)
        return blocks

    def _store(self, pipeline: Pipeline, frame: Frame, waiting: dict[str, Any]) -> None:
        for part in GROWING:
            key = state_key(self.run, self.attempt, part)
            if not self._is_stored_whole:
                pipeline.set(key, self._whole(part), ex=KEEP_S)
            elif waiting.get(part):
                pipeline.append(key, waiting[part])
            if self.seq % KEEP_AGAIN_FRAMES == 0:
                pipeline.expire(key, KEEP_S)
        self._is_stored_whole = True
        pipeline.set(state_key(self.run, self.attempt, "state"), json.dumps(self._state()), ex=KEEP_S)
        pipeline.publish(channel(self.room), encode(frame))

    def _whole(self, part: str) -> str:
        if part == "html":
            return "".join(self.html)
        return self.thinking if part == "thinking" else self.text

    def _state(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "chars": len(self.text),
            "taken": self.taken,
            "engine": self.engine,
            "citations": self.citations,
            "calls": self.calls,
            "notes": self.notes,
        }


def shown(citation: dict[str, Any]) -> dict[str, Any]:
    """What the browser is told of a bound citation."""
    return {name: citation[name] for name in ("n", "document", "title", "page", "place", "quote", "found")}


class Flusher:
    """Sends what the runs of one event loop have to show: at once, but no sooner than FLUSH_S after the last time.

    Where several of them write, the first one waits GATHER_S for the others. First words wait for nothing.
    """

    def __init__(self) -> None:
        self._redis = Redis.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._writers: set[StreamWriter] = set()
        self._sent: set[tuple[UUID, int]] = set()  # the attempts whose frames were sent the last time
        self._next_at = 0.0
        self._due: asyncio.Future[None] | None = None
        self._sending = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def wake(self, writer: StreamWriter) -> None:
        """This writer has something to send."""
        self._writers.add(writer)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="flusher")
        elif not writer.seq and self._due is not None:
            _resolve(self._due)

    async def flush(self) -> None:
        """Send now, after what is being sent already."""
        async with self._sending:
            writers, self._writers = self._writers, set()
            if writers:
                self._sent = {(writer.run, writer.attempt) for writer in writers}
                await self._send(writers)

    async def close(self) -> None:
        """Send no more."""
        if self._task is not None:
            await cancelled(self._task)
            self._task = None
        await self._redis.aclose()

    async def _run(self) -> None:
        while self._writers:
            await self._pause()
            self._next_at = asyncio.get_running_loop().time() + FLUSH_S
            await self.flush()

    async def _pause(self) -> None:
        """Wait as long as is due, or until somebody's first words come: a timer costs less than a time-out, which ends by an exception."""
        loop = asyncio.get_running_loop()
        wait_s = max(self._next_at - loop.time(), GATHER_S if self._are_several() else 0)
        if wait_s <= 0 or not all(writer.seq for writer in self._writers):
            return
        self._due = loop.create_future()
        timer = loop.call_later(wait_s, _resolve, self._due)
        try:
            await self._due
        finally:
            timer.cancel()
            self._due = None

    def _are_several(self) -> bool:
        return len(self._sent | {(writer.run, writer.attempt) for writer in self._writers}) > 1

    async def _send(self, writers: set[StreamWriter]) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        is_sent = False
        try:
            for writer in writers:
                writer.store_into(pipeline)
            await pipeline.execute()
            is_sent = True
        except (RedisError, OSError) as error:
            logger.warning("stream: frames of %d runs were not sent (%s)", len(writers), error)
        finally:
            if not is_sent:
                for writer in writers:
                    writer.store_whole_next()


def _resolve(due: asyncio.Future[None]) -> None:
    if not due.done():
        due.set_result(None)


_flushers: WeakKeyDictionary[asyncio.AbstractEventLoop, Flusher] = WeakKeyDictionary()


def flusher() -> Flusher:
    """The flusher of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _flushers:
        _flushers[loop] = Flusher()
    return _flushers[loop]
