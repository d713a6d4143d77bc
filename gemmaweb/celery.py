"""The Celery application. Order, retries and state live in PostgreSQL; a task is only a wake-up."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_ready

from gemmaweb.local.ready import tell_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gemmaweb.settings")

app = Celery("gemmaweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def _tell_supervisor(**event: object) -> None:
    tell_ready()
