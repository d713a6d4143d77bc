"""`manage.py backup FILE`: everything that this installation holds, in one file, while it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gemmaweb.backup import restoring, taking
from gemmaweb.backup.archive import verify
from gemmaweb.backup.manifest import Manifest
from gemmaweb.local.errors import Refused
from gemmaweb.local.folder import Home

KEPT_BEFORE_UPDATES = 3


class Command(BaseCommand):
    help = "Write everything that this installation holds into one file, whether it runs or not; its secrets go into FILE.secrets."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, nargs="?")
        parser.add_argument("--without-secrets", action="store_true", help="write no FILE.secrets; a restored installation makes new ones")
        parser.add_argument("--verify", action="store_true", help="restore it into a scratch folder and compare; of a FILE that exists too")
        parser.add_argument("--before-update", action="store_true", help="the database alone, into the home's own folder, as `up` does")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home.from_environment()
        if options["before_update"]:
            self._keep_before_update(home)
            return
        if options["file"] is None:
            raise Refused("Name the file to write: manage.py backup FILE")
        target = options["file"].absolute()
        if not (options["verify"] and target.exists()):
            manifest = taking.take(home, target, with_secrets=not options["without_secrets"], say=self.stdout.write)
            self.stdout.write(f"{target}: {taking.in_mb(target.stat().st_size)}, {self._told(manifest)}")
        if options["verify"]:
            manifest = verify(target)
            restoring.try_out(home, target, manifest, say=self.stdout.write)
            self.stdout.write(f"Verified by restore: {self._told(manifest)}")

    def _keep_before_update(self, home: Home) -> None:
        folder = home.path / "backups"
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / f"before-update-{datetime.now(UTC):%Y%m%d-%H%M%S}.gemmaweb"
        taking.take(home, target, with_files=False, with_secrets=False, say=lambda line: None)
        for old in sorted(folder.glob("before-update-*.gemmaweb"))[:-KEPT_BEFORE_UPDATES]:
            old.unlink()
        self.stdout.write(str(target))

    @staticmethod
    def _told(manifest: Manifest) -> str:
        return restoring.told(manifest)
