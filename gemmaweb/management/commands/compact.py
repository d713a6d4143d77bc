"""`manage.py compact`: give the space of deleted rows back to the disk, and take their bytes off it."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from gemmaweb import compaction


class Command(BaseCommand):
    help = "Rewrite the tables, however long it takes: what was deleted leaves the disk. Each table is locked while it is rewritten."

    def handle(self, *args: object, **options: object) -> None:
        if not compaction.rewrite(patiently=True):
            raise CommandError(
                "A transaction, perhaps a backup, can still see what was deleted. Nothing was rewritten: try again when it has ended."
            )
        self.stdout.write("Rewritten.")
