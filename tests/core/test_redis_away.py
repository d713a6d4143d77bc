"""Redis that is killed, and Redis that says nothing any more: who follows is told soon, and nothing is left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from redis import Redis

from apps.core.hub import Dropped, Hub, LiveUnavailable, Reader
from apps.core.layer import ChannelLayer
from apps.core.live import channel
from gemmaweb import hosts
from tests.core.valkey import OwnValkey

SOON_S = 8  # much less than the quarter of an hour that a network takes to give up; two busy cores


@pytest.fixture
def valkey(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnValkey]:
    """A Valkey that the hub and the layer of this test use."""
    made = OwnValkey()
    made.start()
    settings.REDIS_URL = made.url
    monkeypatch.setattr("apps.core.hub.QUIET_S", 0.5)
    yield made
    made.remove()


@pytest_asyncio.fixture
async def hub(valkey: OwnValkey) -> AsyncIterator[Hub]:
    """A hub on it."""
    made = Hub()
    yield made
    async with asyncio.timeout(SOON_S):
        await made.close()


@pytest_asyncio.fixture
async def layer(valkey: OwnValkey) -> AsyncIterator[ChannelLayer]:
    """A channel layer on it."""
    made = ChannelLayer(hosts=[hosts.layer_host(valkey.url)], prefix="test")
    yield made
    valkey.thaw()
    await made.flush()


async def is_dropped(reader: Reader) -> bool:
    """Whether the reader is told soon that it misses something."""
    async with asyncio.timeout(SOON_S):
        with pytest.raises(Dropped):
            await anext(reader)
    return True


async def test_a_quiet_room_is_no_lost_one(hub: Hub, valkey: OwnValkey) -> None:
    reader = Reader()
    await hub.join("room:1", reader)
    await asyncio.sleep(2)  # four times as long as Redis is left alone
    Redis.from_url(valkey.url).publish(channel("room:1"), "frame")
    async with asyncio.timeout(SOON_S):
        assert await anext(reader) == "frame"


async def test_readers_are_dropped_where_redis_says_nothing_any_more(hub: Hub, valkey: OwnValkey) -> None:
    reader = Reader()
    await hub.join("room:1", reader)
    valkey.freeze()
    assert await is_dropped(reader)


async def test_nobody_waits_long_to_get_in_meanwhile(hub: Hub, valkey: OwnValkey) -> None:
    valkey.freeze()
    began = time.monotonic()
    results = await asyncio.gather(*(hub.join(f"room:{number}", Reader()) for number in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {LiveUnavailable}
    assert time.monotonic() - began < SOON_S


async def test_it_comes_back_when_redis_speaks_again(hub: Hub, valkey: OwnValkey) -> None:
    reader = Reader()
    await hub.join("room:1", reader)
    valkey.freeze()
    assert await is_dropped(reader)
    valkey.thaw()
    await joined_again(hub, reader := Reader())
    Redis.from_url(valkey.url).publish(channel("room:1"), "frame")
    async with asyncio.timeout(SOON_S):
        assert await anext(reader) == "frame"


async def test_readers_are_dropped_where_redis_is_killed_and_come_back_to_the_next_one(hub: Hub, valkey: OwnValkey) -> None:
    reader = Reader()
    await hub.join("room:1", reader)
    valkey.kill()
    assert await is_dropped(reader)
    valkey.start()
    await joined_again(hub, Reader())


async def joined_again(hub: Hub, reader: Reader) -> None:
    """Come back as pages do: again and again, until one is let in."""
    async with asyncio.timeout(3 * SOON_S):
        while True:
            try:
                return await hub.join("room:1", reader)
            except LiveUnavailable:
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_a_channel_that_cannot_be_opened_is_told_and_forgotten(layer: ChannelLayer, valkey: OwnValkey, how: str) -> None:
    member = await layer.new_channel()
    await layer.group_add("people", member)
    getattr(valkey, how)()
    began = time.monotonic()
    await asyncio.gather(*(opened(layer) for _ in range(20)))
    assert time.monotonic() - began < SOON_S
    await layer.group_discard("people", member)


async def opened(layer: ChannelLayer) -> None:
    """A tab that tries; a Redis that only does not answer takes what is sent."""
    try:
        name = await layer.new_channel()
        await layer.group_add("tabs", name)
    except LiveUnavailable:
        assert "tabs" not in str(layer.groups)


async def test_nothing_is_left_of_a_hundred_tries(layer: ChannelLayer, valkey: OwnValkey) -> None:
    valkey.kill()
    for _ in range(100):
        with pytest.raises(LiveUnavailable):
            await layer.new_channel()
    assert layer.channels == {}
    assert layer.groups == {}


async def test_it_works_again_with_the_next_redis(layer: ChannelLayer, valkey: OwnValkey) -> None:
    valkey.kill()
    with pytest.raises(LiveUnavailable):
        await layer.new_channel()
    valkey.start()
    name = await layer.new_channel()
    await layer.group_add("people", name)
    await layer.group_send("people", {"type": "word"})
    async with asyncio.timeout(SOON_S):
        assert await layer.receive(name) == {"type": "word"}


@pytest.mark.parametrize("quiet_s", [0.05, 60])
async def test_a_word_comes_after_a_silence(layer: ChannelLayer, monkeypatch: pytest.MonkeyPatch, quiet_s: float) -> None:
    monkeypatch.setattr("apps.core.layer.QUIET_S", quiet_s)
    name = await layer.new_channel()
    await layer.group_add("people", name)
    await asyncio.sleep(0.5)
    await layer.group_send("people", {"type": "word"})
    async with asyncio.timeout(SOON_S):
        assert await layer.receive(name) == {"type": "word"}


async def test_who_listened_before_hears_the_next_redis(layer: ChannelLayer, valkey: OwnValkey) -> None:
    name = await layer.new_channel()
    await layer.group_add("people", name)
    valkey.kill()
    await asyncio.sleep(0.5)
    valkey.start()
    heard = asyncio.ensure_future(layer.receive(name))
    async with asyncio.timeout(SOON_S):
        while not heard.done():  # it comes back in its own time
            await layer.group_send("people", {"type": "word"})
            await asyncio.wait({heard}, timeout=0.2)
    assert heard.result() == {"type": "word"}


def test_a_network_is_watched_and_a_socket_of_this_machine_need_not_be() -> None:
    assert hosts.layer_host("redis://:x@db.example.org:6379/0")["socket_keepalive"] is True
    assert "socket_keepalive" not in hosts.layer_host("unix://:x@/run/valkey.sock?db=0")
