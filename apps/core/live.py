"""Tell the open pages what happened: frames go into rooms, and whoever has joined a room gets them. See apps.core.hub for the readers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from functools import cache, partial
from threading import Lock
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)
PREFIX = "gemmaweb:live:"
TIMEOUT_S = 2
_one_at_a_time = Lock()

Frame = Mapping[str, object]


def client() -> Redis:
    """The process's own connections to Redis. They never try twice: an append that was tried twice would stand there twice."""
    with _one_at_a_time:  # of two that were made at once, one would be thrown away, and close the connection that it has just lent
        return _client()


@cache
def _client() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


def channel(room: str) -> str:
    """The Redis channel behind a room: `workspace:<id>`, `conversation:<id>`, `user:<id>` or, for the worker's ears only, `run:<id>`."""
    return PREFIX + room


def encode(frame: Frame) -> str:
    """The frame as every reader gets it; encoded once, however many there are."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"), default=str)


def publish(room: str, frame: Frame) -> None:
    """Send `frame` to all who have joined `room`. A Redis that is gone is logged, not raised: the rows are the truth."""
    publish_many([(room, frame)])


def publish_many(told: Iterable[tuple[str, Frame]]) -> None:
    """Send each frame to its room, all in one round trip."""
    pipeline = client().pipeline(transaction=False)
    for room, frame in told:
        pipeline.publish(channel(room), encode(frame))
    try:
        pipeline.execute()
    except RedisError as error:
        logger.warning("live: frames were not sent (%s)", error)


def publish_on_commit(room: str, frame: Frame) -> None:
    """Send `frame` once the surrounding transaction has been committed; at once where there is none."""
    transaction.on_commit(partial(publish, room, frame))


def socket_group(user_id: UUID) -> str:
    """The channel layer's group of all sockets of a person."""
    return f"user.{user_id}"


def end_sockets(user_id: UUID) -> None:
    """Close every socket of this person once the transaction has been committed: signed out, or with other rights than before."""
    transaction.on_commit(partial(_end_sockets, socket_group(user_id)))


def end_all_sockets(user_ids: Iterable[UUID]) -> None:
    """The same for many people at once, as where their workspace goes."""
    transaction.on_commit(partial(_end_sockets, *(socket_group(user_id) for user_id in user_ids)))


def shut_out(user_ids: Iterable[UUID]) -> None:
    """The same for people who were disabled: their pages say why."""
    transaction.on_commit(partial(_end_sockets, *(socket_group(user_id) for user_id in user_ids), is_disabled=True))


def _end_sockets(*groups: str, is_disabled: bool = False) -> None:
    try:
        async_to_sync(_tell_to_end)(groups, {"type": "session.ended", "is_disabled": is_disabled})
    except (RedisError, OSError) as error:
        logger.warning("live: sockets were not closed (%s)", error)


async def _tell_to_end(groups: Iterable[str], message: Frame) -> None:
    """One after the other on one loop: a loop for each would cost a connection for each."""
    for group in groups:
        await get_channel_layer().group_send(group, message)
