"""Take what was deleted off the disk: PostgreSQL and Redis only mark it, and leave its bytes where they are.

VACUUM alone gives space back for new rows and leaves the old bytes between them, which `VACUUM FULL` does not copy along. It locks its
table, so it is given SHORT to do it in; a table that takes longer is only cleared for new rows, and `manage.py compact` rewrites it
when there is time. The planner's samples of values and the write-ahead log hold copies too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max
from redis.exceptions import RedisError

from apps.core import live
from apps.workspaces.models import Workspace

logger = logging.getLogger(__name__)
LABELS = ("workspaces", "documents", "chat")
SHORT = {"lock_timeout": "1s", "statement_timeout": "3s"}
LONG = {"lock_timeout": "5s", "statement_timeout": "10min"}
PLANNER = "pg_catalog.pg_statistic"

_OLDER = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xmin IS NOT NULL AND xact_start < %s"
_CLEAR_SAMPLES = """
    SELECT pg_clear_attribute_stats(current_schema()::text, %s, attname::text, false)
    FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""
_MAY_CHECKPOINT = """
    SELECT has_function_privilege('pg_switch_wal()', 'EXECUTE') AND pg_has_role('pg_checkpoint', 'USAGE')
"""


def rewrite(*, patiently: bool = False) -> bool:
    """Rewrite every table that holds what people wrote; False while somebody's older transaction can still see what was deleted.

    `patiently`: however long it takes.
    """
    if _somebody_sees_what_was():
        return False
    for table in tables():
        _rewrite(table, LONG if patiently else SHORT)
    _rewrite(PLANNER, SHORT)
    _leave_old_log()
    _rewrite_redis()
    return True


def tables() -> list[str]:
    """The tables of texts, files and teams."""
    return sorted(model._meta.db_table for label in LABELS for model in apps.get_app_config(label).get_models())


def _somebody_sees_what_was() -> bool:
    """A transaction that began before the last erasure keeps the rows alive, in the new copy of their table too."""
    erased: datetime | None = Workspace.objects.due().filter(name="").aggregate(last=Max("created_at"))["last"]
    with connection.cursor() as cursor:
        cursor.execute(_OLDER, [erased])
        return bool(cursor.fetchone()[0])


def _rewrite(table: str, limits: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        try:
            with _limits(limits):
                cursor.execute(f"VACUUM (FULL) {table}")
        except DatabaseError as error:
            logger.warning("compaction: %s was not rewritten (%s)", table, str(error).strip())
            with _limits(LONG):
                cursor.execute(f"VACUUM {table}")
        if table != PLANNER:
            _sample_anew(table)


def _sample_anew(table: str) -> None:
    """The planner's samples hold values of rows that are gone; an ANALYZE of a table without rows leaves them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('pg_clear_attribute_stats') IS NOT NULL")
        if cursor.fetchone()[0]:  # PostgreSQL 18
            cursor.execute(_CLEAR_SAMPLES, [table, table])
        cursor.execute(f"ANALYZE {table}")


def _leave_old_log() -> None:
    """Begin a new file of the write-ahead log and let go of the old ones, where we may: in the embedded PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_CHECKPOINT)
        if cursor.fetchone()[0]:
            cursor.execute("SELECT pg_switch_wal()")
            cursor.execute("CHECKPOINT")


def _rewrite_redis() -> None:
    """The embedded Valkey's file keeps every command until it is rewritten. Another's Redis is not ours to command."""
    if settings.HOME.redis_url() != settings.REDIS_URL:
        return
    try:
        live.client().bgrewriteaof()
    except RedisError as error:
        logger.warning("compaction: Valkey's file was not rewritten (%s)", error)


@contextmanager
def _limits(limits: dict[str, str]) -> Iterator[None]:
    with connection.cursor() as cursor:
        for name, value in limits.items():
            cursor.execute(f"SET {name} = '{value}'")
        try:
            yield
        finally:
            for name in limits:
                cursor.execute(f"RESET {name}")
