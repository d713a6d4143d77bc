"""`manage.py load_backup FILE`: what `restore` runs on the database it has made. Not to be called by hand: it drops what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gemmaweb.backup.archive import verify
from gemmaweb.backup.loading import load
from gemmaweb.local.folder import Home


class Command(BaseCommand):
    help = "A part of `restore`: load a backup into the database of the environment, in place of everything in it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--compare", action="store_true", help="read every row again, and compare")

    def handle(self, *args: Any, **options: Any) -> None:
        load(options["file"], verify(options["file"]), Home.from_environment().files, then_compare=options["compare"])
