"""`manage.py restore FILE`: an installation as it was when the backup was taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gemmaweb.backup import restoring
from gemmaweb.local.folder import Home


class Command(BaseCommand):
    help = "Make this home what a backup says. It must not run; data that are there are set aside, and only with --replace."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--secrets", metavar="FILE", type=Path, help="the FILE.secrets that was written with it")
        parser.add_argument("--replace", action="store_true", help="set the data aside that are here")

    def handle(self, *args: Any, **options: Any) -> None:
        file, secrets = options["file"].absolute(), options["secrets"]
        manifest = restoring.restore(
            Home.from_environment(), file, secrets=secrets and secrets.absolute(), replace=options["replace"], say=self.stdout.write
        )
        self.stdout.write(f"Restored as of {manifest.taken_at}: {restoring.told(manifest)}.")
        self.stdout.write("Everybody signs in anew. Start it: make run")
