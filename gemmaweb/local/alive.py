"""Whether a part of the installation lives, for a container's health check: `python gemmaweb/local/alive.py web|generation|ingest|sweep`.

A program of its own that loads neither Django nor Celery: it is asked each half minute, for ever.
"""

from __future__ import annotations

import http.client
import os
import sys

from redis import Redis
from redis.exceptions import RedisError

TIMEOUT_S = 3


def key(queue: str) -> str:
    """Where the sign of life of a queue's worker stands in Redis."""
    return f"gemmaweb:alive:{queue}"


def web_answers() -> bool:
    """Whether web answers on this machine, at GEMMAWEB_PORT."""
    asking = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("GEMMAWEB_PORT") or 8000), timeout=TIMEOUT_S)
    try:
        asking.request("GET", "/healthz", headers={"Host": "localhost"})
        return asking.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def worker_lives(queue: str) -> bool:
    """Whether the worker of `queue` has said so in the last seconds, in the Redis that REDIS_URL names."""
    try:
        with Redis.from_url(os.environ["REDIS_URL"], socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S) as redis:
            return bool(redis.exists(key(queue)))
    except RedisError:
        return False


if __name__ == "__main__":
    part = sys.argv[1]
    sys.exit(0 if (web_answers() if part == "web" else worker_lives(part)) else 1)
