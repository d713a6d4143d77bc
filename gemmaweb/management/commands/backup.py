"""`manage.py backup FILE`: everything that this installation holds, in one file, while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gemmaweb.backup import restoring, taking
from gemmaweb.backup.archive import verify
from gemmaweb.local.folder import Home


class Command(BaseCommand):
    help = "Write everything that this installation holds into one file, whether it runs or not; its secrets go into FILE.secrets."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--without-secrets", action="store_true", help="write no FILE.secrets; a restored installation makes new ones")
        parser.add_argument("--verify", action="store_true", help="restore it into a scratch folder and compare; of a FILE that exists too")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home.from_environment()
        target = options["file"].absolute()
        if not (options["verify"] and target.exists()):
            manifest = taking.take(home, target, with_secrets=not options["without_secrets"], say=self.stdout.write)
            self.stdout.write(f"{target}: {taking.in_mb(target.stat().st_size)}, {restoring.told(manifest)}")
        if options["verify"]:
            manifest = verify(target)
            restoring.try_out(home, target, manifest, say=self.stdout.write)
            self.stdout.write(f"Verified by restore: {restoring.told(manifest)}")
