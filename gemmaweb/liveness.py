"""Signs of life: each worker says in Redis, every few seconds, that it serves its queue; the word expires by itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from gemmaweb.local import alive, programs

logger = logging.getLogger(__name__)
key, QUEUES = alive.key, programs.QUEUES
BEAT_S = 2
EXPIRES_S = 8
TIMEOUT_S = 1


def connect() -> Redis:
    """Redis, for a question that must not take long."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


def start(queues: Iterable[str]) -> None:
    """Keep saying that `queues` are served for as long as this process lives. The thread ends with it."""
    threading.Thread(target=_beat, args=(list(queues),), name="signs of life", daemon=True).start()


def silent(redis: Redis) -> list[str]:
    """The queues that nobody serves. Raises RedisError."""
    words = redis.mget([key(queue) for queue in QUEUES])
    return [queue for queue, word in zip(QUEUES, words, strict=True) if word is None]


def say_alive(redis: Redis, queues: Iterable[str]) -> None:
    """Say it once. A Redis that is gone is logged: it will be asked again."""
    try:
        pipeline = redis.pipeline(transaction=False)
        for queue in queues:
            pipeline.set(key(queue), "1", ex=EXPIRES_S)
        pipeline.execute()
    except RedisError as error:
        logger.warning("signs of life: %s", error)


def _beat(queues: list[str]) -> None:
    redis = connect()
    while True:
        say_alive(redis, queues)
        time.sleep(BEAT_S)
