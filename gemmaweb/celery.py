"""The Celery application. Order, retries and state live in PostgreSQL; a task is only a wake-up."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_ready

from gemmaweb import liveness
from gemmaweb.local.ready import tell_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gemmaweb.settings")

NICENESS_OF_READING = 5

app = Celery("gemmaweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _leave_logging_alone(**event: object) -> None:
    """Django has set it up by GEMMAWEB_LOG_LEVEL; Celery would have every worker say nothing below WARNING."""


@celeryd_init.connect
def _give_way(options: dict[str, Any], **event: object) -> None:
    """Reading files gives way to people who wait for an answer; said before any thread begins, as each has a priority of its own."""
    if "ingest" in (options.get("queues") or ()):
        os.nice(NICENESS_OF_READING)


@worker_ready.connect
def _worker_is_ready(sender: Any, **event: object) -> None:
    liveness.start(sender.app.amqp.queues.consume_from)
    tell_ready()
