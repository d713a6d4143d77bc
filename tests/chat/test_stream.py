"""Frames and snapshots: whatever is lost or comes late, the reader ends with the row's text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.chat.blocks import render
from apps.chat.models import Generation
from apps.chat.snapshots import read_shown, snapshot_frame
from apps.chat.stream import Flusher, StreamWriter, state_key
from apps.core import live
from apps.core.ids import uuid7


class Recorder(Flusher):
    """A flusher that sends nothing: the test asks for each frame."""

    def __init__(self) -> None:
        self.writers: set[StreamWriter] = set()

    def wake(self, writer: StreamWriter) -> None:
        """Nothing is sent by itself."""

    async def flush(self) -> None:
        """Nothing is sent at all."""


class Store:
    """Redis as far as one run needs it, and the frames that were published."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.frames: list[dict[str, Any]] = []

    def append(self, key: str, value: str) -> None:
        self.kept[key] = self.kept.get(key, "") + value

    def set(self, key: str, value: str, *, ex: int) -> None:
        assert ex == 3600
        self.kept[key] = value

    def expire(self, key: str, seconds: int) -> None:
        assert key in self.kept

    def publish(self, channel: str, raw: str) -> None:
        self.frames.append(json.loads(raw))

    def snapshot(self, writer: StreamWriter) -> dict[str, Any]:
        """What a snapshot frame says at this moment."""
        text, html, state = (self.kept.get(state_key(writer.run, writer.attempt, part), "") for part in ("text", "html", "state"))
        known = json.loads(state)
        assert known["chars"] == len(text)
        return {"attempt": writer.attempt, "seq": known["seq"], "text": text, "html": html, "tail": text[known["taken"] :]}


class Page:
    """What a browser shows: the protocol's reader, in a few lines."""

    def __init__(self) -> None:
        self.seq, self.text, self.html, self.tail = 0, "", "", ""

    def delta(self, frame: dict[str, Any]) -> bool:
        """Show the frame; False where one before it is missing."""
        if frame["seq"] != self.seq + 1:
            return bool(frame["seq"] <= self.seq)
        self.seq += 1
        self.text += frame.get("text", "")
        self.tail += frame.get("text", "")
        for block in frame.get("blocks", []):
            self.tail = self.tail.encode("utf-16-le")[block["take"] * 2 :].decode("utf-16-le")
            self.html += block["html"]
        return True

    def snapshot(self, frame: dict[str, Any]) -> None:
        """Show what the snapshot says, unless more is shown already."""
        if frame["seq"] >= self.seq:
            self.seq, self.text, self.html, self.tail = frame["seq"], frame["text"], frame["html"], frame["tail"]


def writer_of(flusher: Flusher, attempt: int = 1, **begun: Any) -> StreamWriter:
    """A writer that has begun."""
    writer = StreamWriter(flusher, run=uuid7(), conversation=uuid7(), attempt=attempt)
    writer.begin(engine="scripted", citations=[], notes=[], **begun)
    return writer


PIECES = st.lists(st.sampled_from(["a", " b", "\n", "\n\n", "# c\n", "- d\n", "```\n", "😀", "é", "[1]"]), min_size=1, max_size=25)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PIECES, st.data())
def test_whatever_is_lost_the_page_ends_with_the_text(pieces: Sequence[str], data: st.DataObject) -> None:
    store, page = Store(), Page()
    writer = writer_of(Recorder())
    late: list[dict[str, Any]] = []
    for piece in pieces:
        writer.add_text(piece)
        if data.draw(st.booleans()):  # else the pieces are merged
            writer.store_into(store)  # type: ignore[arg-type]
        for frame in store.frames:
            if frame["type"] == "delta":
                lost, held = data.draw(st.booleans()), data.draw(st.booleans())
                late += [frame] if held else []
                if not lost and not held and not page.delta(frame):
                    page.snapshot(store.snapshot(writer))
        store.frames.clear()
    writer.store_into(store)  # type: ignore[arg-type]
    for frame in late:
        page.delta(frame)
    page.snapshot(store.snapshot(writer))
    assert page.text == writer.text == "".join(pieces)
    assert page.html + render(page.tail) == "".join(writer.html) + render(page.tail)
    assert render(page.text).startswith(page.html)


def test_a_frame_says_what_came_since_the_last() -> None:
    store, writer = Store(), writer_of(Recorder())
    writer.add_text("One")
    writer.add_text(", two")
    writer.add_thinking("hm")
    told = {"n": 1, "document": "d", "title": "t", "page": 1, "place": "", "quote": "q", "found": "found"}
    writer.cite({**told, "version": "v", "start": 0, "end": 1})
    writer.note("model_failed")
    writer.measure(12.34)
    writer.store_into(store)  # type: ignore[arg-type]
    started, delta = store.frames
    assert (started["type"], started["engine"]) == ("started", "scripted")
    assert (delta["text"], delta["thinking"], delta["notes"], delta["tokens_per_s"]) == ("One, two", "hm", ["model_failed"], 12.3)
    assert delta["citations"] == [told]


def test_what_was_not_shown_can_be_discarded() -> None:
    store, writer = Store(), writer_of(Recorder())
    writer.add_text("shown")
    writer.store_into(store)  # type: ignore[arg-type]
    writer.add_text(" and not")
    writer.discard()
    writer.store_into(store)  # type: ignore[arg-type]
    assert (writer.text, writer.seq) == ("shown", 1)


def test_a_later_attempt_begins_with_what_was_shown() -> None:
    store, writer = Store(), writer_of(Recorder(), attempt=2, text="One\n\ntwo")
    writer.store_into(store)  # type: ignore[arg-type]
    assert store.snapshot(writer) == {"attempt": 2, "seq": 0, "text": "One\n\ntwo", "html": "<p>One</p>\n", "tail": "two"}


@pytest_asyncio.fixture
async def flusher() -> AsyncIterator[Flusher]:
    """A flusher on the real Redis."""
    made = Flusher()
    yield made
    await made.close()


def shown_text(run: UUID) -> str:
    """What Redis keeps of the first attempt."""
    known = read_shown(run, 1)
    return known.written.text if known else ""


async def until_shown(run: UUID, text: str) -> None:
    """Wait until the first attempt has shown this text."""
    async with asyncio.timeout(10):
        while await asyncio.to_thread(shown_text, run) != text:  # noqa: ASYNC110  # there is nothing to be told by
            await asyncio.sleep(0.005)


async def test_it_sends_by_itself(flusher: Flusher) -> None:
    writer = writer_of(flusher)
    writer.add_text("One")
    await until_shown(writer.run, "One")


async def test_first_words_wait_for_no_pause(flusher: Flusher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.chat.stream.FLUSH_S", 60)
    before, writer = writer_of(flusher), writer_of(flusher)
    before.add_text("One")
    await until_shown(before.run, "One")
    before.add_text(", two")
    await asyncio.sleep(0.05)
    assert shown_text(before.run) == "One"
    writer.add_text("First")
    await until_shown(writer.run, "First")
    assert shown_text(before.run) == "One, two"


async def test_one_pipeline_carries_all_runs(flusher: Flusher) -> None:
    writers = [writer_of(flusher) for _ in range(20)]
    for number, writer in enumerate(writers):
        writer.add_text(f"text {number}")
    await flusher.flush()
    assert [await asyncio.to_thread(shown_text, writer.run) for writer in writers] == [f"text {number}" for number in range(20)]


async def test_a_redis_that_was_away_gets_the_whole_text_again(flusher: Flusher, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = writer_of(flusher)
    writer.add_text("One")
    await flusher.flush()
    with monkeypatch.context() as away:
        away.setattr("redis.asyncio.client.Pipeline.execute", refuse)
        writer.add_text(", two")
        await flusher.flush()
    assert await asyncio.to_thread(shown_text, writer.run) == "One"
    writer.add_text(", three")
    await flusher.flush()
    assert await asyncio.to_thread(shown_text, writer.run) == writer.text == "One, two, three"
    assert writer.seq == 3


async def refuse(*_: object) -> None:
    """As Redis does when it is not there."""
    raise RedisConnectionError("refused")


async def test_a_redis_that_was_emptied_is_not_believed(flusher: Flusher) -> None:
    writer = writer_of(flusher)
    writer.add_text("One")
    await flusher.flush()
    await asyncio.to_thread(live.client().delete, state_key(writer.run, 1, "text"))
    writer.add_text(", two")
    await flusher.flush()
    assert await asyncio.to_thread(read_shown, writer.run, 1) is None


async def test_what_is_kept_goes_away(flusher: Flusher) -> None:
    writer = writer_of(flusher)
    writer.add_text("One\n\ntwo")
    await flusher.flush()
    for part in ("text", "html", "state", "thinking"):
        seconds = await asyncio.to_thread(live.client().ttl, state_key(writer.run, 1, part))
        assert 0 < seconds <= 3600, part


def test_a_run_that_nobody_took_has_an_empty_snapshot() -> None:
    frame = snapshot_frame(Generation(status="running", attempt=1))
    assert (frame["attempt"], frame["seq"], frame["text"], frame["html"], frame["tail"]) == (1, 0, "", "", "")
