"""`manage.py upgrade`: bring the database up to date, all of it or nothing, after a copy of it was kept."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from gemmaweb.backup.taking import BEFORE_UPDATE, keep
from gemmaweb.local.database import is_used
from gemmaweb.local.folder import Home

COPIES = 3

# What a migration does may take longer than a request may. Keys are checked at each statement: a row that waits for its
# check would keep a later migration from changing its table.
_IN_ONE_GO = "SET statement_timeout = 0; SET lock_timeout = '30s'"
_CHECK_AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"


class Command(BaseCommand):
    help = "Apply the migrations that are still to come in one transaction, so that one that fails leaves the database as it was."

    def handle(self, *args: Any, **options: Any) -> None:
        plan = self._plan()
        if plan and is_used(settings.DATABASE_URL):
            copy = keep(Home.from_environment(), BEFORE_UPDATE, newest=COPIES)
            self.stdout.write(f"The database as it was is kept in {copy}")
        with connection.cursor() as cursor:
            cursor.execute(_IN_ONE_GO)
        if not all(migration.atomic for migration, _backwards in plan):  # as of those that build an index while others write
            call_command("migrate", interactive=False, stdout=self.stdout)
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_CHECK_AT_ONCE)
            call_command("migrate", interactive=False, stdout=self.stdout)

    @staticmethod
    def _plan() -> list[tuple[Migration, bool]]:
        executor = MigrationExecutor(connection)
        return executor.migration_plan(executor.loader.graph.leaf_nodes())
