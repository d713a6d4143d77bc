"""`manage.py upgrade`: bring the database up to date, all of it or nothing."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

# What a migration does may take longer than a request may. Keys are checked at each statement: a row that waits for its
# check would keep a later migration from changing its table.
_IN_ONE_GO = "SET statement_timeout = 0; SET lock_timeout = '30s'"
_CHECK_AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"


class Command(BaseCommand):
    help = "Apply the migrations that are still to come in one transaction, so that one that fails leaves the database as it was."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_IN_ONE_GO)
        if not self._fit_into_a_transaction():
            call_command("migrate", interactive=False, stdout=self.stdout)
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_CHECK_AT_ONCE)
            call_command("migrate", interactive=False, stdout=self.stdout)

    @staticmethod
    def _fit_into_a_transaction() -> bool:
        """Some refuse to, as those that build an index while others write."""
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return all(migration.atomic for migration, _backwards in plan)
