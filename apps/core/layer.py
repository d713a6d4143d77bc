"""The channel layer: it carries the rare word to all sockets of a person. Where Redis is away it says so, soon, and forgets it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection
from redis.exceptions import RedisError

from apps.core.hub import LiveUnavailable
from apps.core.live import TIMEOUT_S

logger = logging.getLogger(__name__)
QUIET_S = 60.0
UNUSED_S = 0.1
BACK_OFF_S = 1.0


class Shard(RedisSingleShardConnection):  # type: ignore[misc]  # it has no types
    """Sleeps until a message comes. Channels' own looks ten times a second whether one has: a third of what web costs at rest."""

    async def _do_receiving(self) -> None:
        while True:
            try:
                if self._pubsub.subscribed:
                    self._receive_message(await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=QUIET_S))
                else:
                    await asyncio.sleep(UNUSED_S)
            except (RedisError, OSError) as error:
                logger.warning("layer: the connection to Redis was lost (%s)", error)
                await asyncio.sleep(BACK_OFF_S)


class ChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]  # it has no types
    """Channels' own, but for what happens without Redis: there each try of each tab left a queue in memory and a traceback in the log."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        """The name of a new channel of this process. Raises LiveUnavailable."""
        layer = self._get_layer()
        name = f"{layer.prefix}{prefix}{uuid4().hex}"
        with ExitStack() as undo, _told_as_ours():
            undo.callback(layer.channels.pop, name, None)
            async with asyncio.timeout(TIMEOUT_S):
                await layer._subscribe_to_channel(name)
            undo.pop_all()
        return name

    async def group_add(self, group: str, channel: str) -> None:
        """From now on the channel gets what is sent to the group. Raises LiveUnavailable."""
        layer = self._get_layer()
        with ExitStack() as undo, _told_as_ours():
            undo.callback(self._forget, group, channel)
            async with asyncio.timeout(TIMEOUT_S):
                await layer.group_add(group, channel)
            undo.pop_all()

    async def group_discard(self, group: str, channel: str) -> None:
        """Undo `group_add`. A Redis that is away has forgotten it already."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._get_layer().group_discard(group, channel)
        except (RedisError, OSError, TimeoutError) as error:
            logger.debug("layer: leaving %s: %s", group, error)

    def _get_layer(self) -> RedisPubSubLoopLayer:
        layer: RedisPubSubLoopLayer = super()._get_layer()
        if not all(isinstance(shard, Shard) for shard in layer._shards):
            layer._shards = [Shard(shard.host, layer) for shard in layer._shards]
        return layer

    def _forget(self, group: str, channel: str) -> None:
        layer = self._get_layer()
        name = layer._get_group_channel_name(group)
        members = layer.groups.get(name, set())
        members.discard(channel)
        if not members:
            layer.groups.pop(name, None)


@contextmanager
def _told_as_ours() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise LiveUnavailable from error
