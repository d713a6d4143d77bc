"""The Celery application. Order, retries and state live in PostgreSQL; a task is only a wake-up."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gemmaweb.settings")

app = Celery("gemmaweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
