"""One subscription for all: who joined gets every frame, who missed one is told, and a Redis that comes back is found again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import pytest_asyncio
from django.db import transaction
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core import live
from apps.core.hub import Dropped, Hub, LiveUnavailable, Reader

DEADLINE_S = 10


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub of this test alone."""
    made = Hub()
    yield made
    await made.close()


def test_threads_that_begin_together_share_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two clients the one that is thrown away closes what it has lent: the first uploads after a start failed so."""
    make = Redis.from_url

    def slowly(*given: Any, **options: Any) -> Redis:
        time.sleep(0.05)
        made: Redis = make(*given, **options)
        return made

    monkeypatch.setattr(Redis, "from_url", slowly)
    live._client.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        assert len({id(client) for client in pool.map(lambda _: live.client(), range(4))}) == 1


async def read(reader: Reader) -> Any:
    """The next frame."""
    async with asyncio.timeout(DEADLINE_S):
        return json.loads(await anext(reader))


async def publish(room: str, **frame: Any) -> None:
    """Publish as a service does, from a thread."""
    await asyncio.to_thread(live.publish, room, frame)


async def cut_off() -> None:
    """Redis drops every subscription."""
    await asyncio.to_thread(live.client().execute_command, "CLIENT", "KILL", "TYPE", "pubsub")


async def test_who_joined_gets_every_frame(hub: Hub) -> None:
    reader = Reader()
    await hub.join("room:1", reader)
    for number in range(100):
        await publish("room:1", number=number)
    assert [(await read(reader))["number"] for _ in range(100)] == list(range(100))


async def test_rooms_are_apart(hub: Hub) -> None:
    one, two = Reader(), Reader()
    await hub.join("room:1", one)
    await hub.join("room:2", two)
    await publish("room:1", to="one")
    await publish("room:2", to="two")
    assert [(await read(one))["to"], (await read(two))["to"]] == ["one", "two"]


async def test_many_readers_share_a_room(hub: Hub) -> None:
    readers = [Reader() for _ in range(50)]
    for reader in readers:
        await hub.join("room:1", reader)
    await publish("room:1", to="all")
    assert {(await read(reader))["to"] for reader in readers} == {"all"}


async def test_who_left_gets_nothing(hub: Hub) -> None:
    stays, leaves = Reader(), Reader()
    await hub.join("room:1", stays)
    await hub.join("room:1", leaves)
    await hub.leave("room:1", leaves)
    await publish("room:1", to="those who stay")
    await read(stays)
    leaves.drop()
    with pytest.raises(Dropped):
        await anext(leaves)


async def test_a_room_can_be_left_and_joined_again(hub: Hub) -> None:
    reader = Reader()
    for number in range(5):
        await hub.join("room:1", reader)
        await publish("room:1", number=number)
        assert (await read(reader))["number"] == number
        await hub.leave("room:1", reader)


async def test_leaving_what_was_never_joined_does_nothing(hub: Hub) -> None:
    await hub.leave("room:1", Reader())


async def test_a_slow_reader_is_dropped_and_holds_up_nobody(hub: Hub) -> None:
    slow, quick = Reader(max_frames=3), Reader()
    await hub.join("room:1", slow)
    await hub.join("room:1", quick)
    for number in range(10):
        await publish("room:1", number=number)
        await read(quick)
    assert [(await read(slow))["number"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Dropped):
        await anext(slow)


async def test_readers_are_dropped_when_frames_were_lost(hub: Hub) -> None:
    reader = Reader()
    await hub.join("room:1", reader)
    await cut_off()
    with pytest.raises(Dropped):
        await read(reader)


async def test_it_comes_back_after_redis_was_away(hub: Hub) -> None:
    for number in range(3):
        reader = Reader()
        await hub.join("room:1", reader)
        await publish("room:1", number=number)
        assert (await read(reader))["number"] == number
        await cut_off()
        with pytest.raises(Dropped):
            await read(reader)


async def test_it_says_when_redis_is_not_there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.hub.TIMEOUT_S", 0.1)
    settings.REDIS_URL = "unix:///tmp/no-redis-is-here.sock"
    hub = Hub()
    with pytest.raises(LiveUnavailable):
        await hub.join("room:1", Reader())
    await hub.close()


async def test_a_fault_of_our_own_is_no_absent_redis(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("apps.core.hub.TIMEOUT_S", 0.1)
    monkeypatch.setattr(hub, "_connect", fail)
    with pytest.raises(LiveUnavailable):
        await hub.join("room:1", Reader())
    with pytest.raises(ZeroDivisionError):
        await hub.join("room:1", Reader())


def test_nothing_is_raised_when_redis_is_away(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*_: object) -> None:
        raise RedisConnectionError("refused")

    monkeypatch.setattr("redis.client.Pipeline.execute", refuse)
    live.publish("room:1", {"type": "lost"})
    assert "frames were not sent" in caplog.text


@pytest.mark.django_db
def test_it_publishes_on_commit_only(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    told: list[str] = []
    monkeypatch.setattr(live, "publish", lambda room, frame: told.append(room))
    with django_capture_on_commit_callbacks(execute=True):
        live.publish_on_commit("room:kept", {})
        with transaction.atomic():
            live.publish_on_commit("room:undone", {})
            transaction.set_rollback(True)
        assert told == []
    assert told == ["room:kept"]
