"""`manage.py web`: pages, API and sockets, beside a PostgreSQL, a Redis and workers that somebody else runs."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from gemmaweb.local import programs, web
from gemmaweb.local.errors import Refused
from gemmaweb.local.folder import Home


class Command(BaseCommand):
    help = "Serve the site at GEMMAWEB_HOST and GEMMAWEB_PORT, and nothing else; for containers. `up` runs everything."

    def handle(self, *args: object, **options: object) -> None:
        if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
            raise Refused("There are no style sheets and scripts yet: run `manage.py collectstatic --noinput` first.")
        listening = web.listen()
        os.set_inheritable(listening.fileno(), True)
        self.stderr.write(f"Serving {web.address(listening)}")
        os.environ.update(programs.environment(Home.from_environment()))
        command = programs.web(listening.fileno())
        os.execv(command[0], command)  # noqa: S606 - a signal has to reach the server itself
