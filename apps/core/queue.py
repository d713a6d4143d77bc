"""Send a task by its name. Services know names only, so they never import a task."""

from __future__ import annotations

import logging

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from apps.core import live

logger = logging.getLogger(__name__)
PUBLISH_TIMEOUT_S = 2
RETRY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}


def send(name: str, *args: str) -> None:
    """Send the task now. A broker that is gone is logged, not raised: the rows are the truth and the sweep sends again."""
    try:
        current_app.send_task(name, args=args, retry_policy=RETRY, ignore_result=True, timeout=PUBLISH_TIMEOUT_S)
    except (OperationalError, ConnectionError, TimeoutError) as error:
        logger.warning("queue: %s was not sent (%s); the sweep will", name, error)


def has_messages(name: str) -> bool:
    """Whether messages wait in the queue `name`, so that a sweep need not add to them; True where the broker cannot be asked.

    Without this, two days of sweeps beside a dead worker would fill the memory of Redis.
    """
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    try:
        return bool(live.client().llen(f"{prefix}{name}"))
    except RedisError as error:
        logger.warning("queue: %s cannot be asked (%s)", name, error)
        return True


def send_on_commit(name: str, *args: str) -> None:
    """Send the task once the surrounding transaction has been committed; at once where there is none."""
    transaction.on_commit(lambda: send(name, *args))
