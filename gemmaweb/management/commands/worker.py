"""`manage.py worker QUEUE`: one worker, beside a PostgreSQL and a Redis that somebody else runs."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from gemmaweb.local import programs
from gemmaweb.local.folder import Home


class Command(BaseCommand):
    help = "Serve one queue: generation (answers), ingest (files), models (fetching them), or sweep (what is left over); for containers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", choices=programs.QUEUES)

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home.from_environment()
        os.environ.update(programs.worker_environment(home, options["queue"]))
        command = programs.worker(options["queue"], home, slots=settings.SLOTS, readers=settings.READERS)
        os.execv(command[0], command)  # noqa: S606 - a signal has to reach the worker itself
