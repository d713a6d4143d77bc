"""The channel layer: it carries the rare word to all sockets of a person. Where Redis is away it says so, soon, and forgets it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from apps.core.hub import LiveUnavailable
from apps.core.live import TIMEOUT_S

logger = logging.getLogger(__name__)
QUIET_S = 60.0


class PatientPubSub(PubSub):
    """Sleeps until a message comes, whatever it is asked."""

    async def get_message(self, *args: Any, **asked: Any) -> Any:
        """Channels asks ten times a second, which was a third of what web cost at rest."""
        return await super().get_message(*args, **asked | {"timeout": QUIET_S})


class Shard(RedisSingleShardConnection):  # type: ignore[misc]  # it has no types
    """Channels' own, listening patiently."""

    def _ensure_redis(self) -> None:
        if self._redis is None:
            super()._ensure_redis()
            redis: Any = self._redis
            self._pubsub = PatientPubSub(redis.connection_pool)


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
