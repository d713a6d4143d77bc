"""Load a backup into the database of this process's settings: its tables as they were, then forward to today's."""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from apps.audit.services import record
from gemmaweb.backup.archive import BLOCK_BYTES, ORIGINAL, ROWS, Content, members
from gemmaweb.backup.manifest import Manifest
from gemmaweb.backup.snapshot import MIGRATIONS, Snapshot
from gemmaweb.local.errors import Refused

_OURS = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' ORDER BY relname"
_COUNTERS = """
    SELECT relname, attname, pg_get_serial_sequence(quote_ident(relname), attname)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    AND pg_get_serial_sequence(quote_ident(relname), attname) IS NOT NULL
"""
PART_MAX_BYTES = 2**30 + 2**25  # a row of PostgreSQL has at most a GB, and a part ends with the row that fills it
_PATIENTLY = "SET statement_timeout = 0; SET lock_timeout = '10s'"


def refuse_newer(manifest: Manifest) -> None:
    """Refuse a backup whose tables have a shape that this version does not know."""
    known = set(MigrationLoader(None).disk_migrations)
    if unknown := sorted(set(manifest.migrations) - known):
        app, name = unknown[0]
        raise Refused(
            f"The backup was taken by a newer version ({manifest.version}, with {app}.{name}): restore it with that version or a later one."
        )


def load(path: Path, manifest: Manifest, files: Path, *, then_compare: bool = False) -> None:
    """Make the database what the backup says, and put the originals below `files`; all rows or none.

    What was in the database before is dropped. `then_compare` reads every row again. Raises Refused where something does not fit.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PATIENTLY)
        _drop_tables(cursor)
        _migrate_to(manifest.migrations)
        _refuse_other_tables(cursor, manifest)
        _empty_tables(cursor)
        _read(cursor, path, manifest, files)
        _refuse_loose_keys(cursor)
        _refuse_other_rows(cursor, manifest)
        _count_on(cursor)
    if then_compare:
        _compare(manifest)
    call_command("migrate", interactive=False, verbosity=0)
    record("installation.restored", target=manifest.id, taken_at=manifest.taken_at)
    os.sync()


def _compare(manifest: Manifest) -> None:
    """Refuse where a table that was just loaded is not, row for row and in its order, what the manifest says."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronize_seqscans = off")
        loaded = Snapshot(cursor.connection)
        for name, table in manifest.tables.items():
            digest = hashlib.sha256()
            for block in loaded.rows(name):
                digest.update(block)
            if digest.hexdigest() != table.sha256:
                raise Refused(f"The table {name} did not come back as it was.")


def _drop_tables(cursor: Any) -> None:
    cursor.execute(_OURS)
    for (name,) in cursor.fetchall():
        cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))


def _migrate_to(applied: list[tuple[str, str]]) -> None:
    """Make the tables of the backup's day: of each app the migrations that were applied then, and no later one."""
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    wanted = set(applied) & set(graph.nodes)
    last = [node for node in wanted if not any(child.key in wanted for child in graph.node_map[node].children if child.key[0] == node[0])]
    executor.migrate(sorted(last))


def _refuse_other_tables(cursor: Any, manifest: Manifest) -> None:
    there = Snapshot(cursor.connection).columns
    said = {name: table.columns for name, table in manifest.tables.items()}
    if other := sorted(name for name in there.keys() | said.keys() if sorted(there.get(name, [])) != sorted(said.get(name, []))):
        raise Refused(f"The tables of the backup are not those of its version ({', '.join(other)}): somebody has changed them by hand.")


def _empty_tables(cursor: Any) -> None:
    """Take away what the migrations themselves have written."""
    cursor.execute(_OURS)
    names = [sql.Identifier(name) for (name,) in cursor.fetchall() if name != MIGRATIONS]
    cursor.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # migrations have them checked at once, and a row may come before the one it points to


def _read(cursor: Any, path: Path, manifest: Manifest, files: Path) -> None:
    """Walk once through the backup: rows go to COPY, originals below `files`. The parts of a table stand together."""
    for table, parts in groupby(members(path), key=_table_of):
        if table:
            _copy(cursor, table, manifest.tables[table].columns, parts)
        else:
            _store_originals(parts, files)


def _store_originals(parts: Iterator[tuple[str, int, Content]], files: Path) -> None:
    for name, _size_bytes, content in parts:
        if original := ORIGINAL.fullmatch(name):
            _store(files / original[1], content)


def _table_of(member: tuple[str, int, Content]) -> str:
    found = ROWS.fullmatch(member[0])
    return found[1] if found else ""


def _copy(cursor: Any, table: str, columns: list[str], parts: Iterator[tuple[str, int, Content]]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    try:
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
            for _name, _size_bytes, content in parts:
                copy.write(_unpacked(content))
    except (psycopg.DataError, psycopg.IntegrityError, zlib.error) as error:
        raise Refused(f"The rows of {table} cannot be read: {str(error).splitlines()[0]}.") from error


def _unpacked(content: Content) -> bytes:
    gunzip = zlib.decompressobj(wbits=31)
    rows = gunzip.decompress(content.read(), PART_MAX_BYTES)
    if not gunzip.eof:
        raise zlib.error("a part is not whole, or far too long")
    return rows


def _store(target: Path, content: Content) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        shutil.copyfileobj(content, file, BLOCK_BYTES)


def _count_on(cursor: Any) -> None:
    """Let new rows get numbers after the highest."""
    cursor.execute(_COUNTERS)
    for table, column, sequence in cursor.fetchall():
        highest = sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(table))
        cursor.execute(sql.SQL("SELECT setval({}, coalesce(({}), 0) + 1, false)").format(sql.Literal(sequence), highest))


def _refuse_loose_keys(cursor: Any) -> None:
    try:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        raise Refused(f"The rows of the backup do not fit together: {str(error).splitlines()[0]}.") from error


def _refuse_other_rows(cursor: Any, manifest: Manifest) -> None:
    for name, table in manifest.tables.items():
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
        (rows,) = cursor.fetchone()
        if rows != table.rows:
            raise Refused(f"The table {name} has {rows} rows after loading, and the backup speaks of {table.rows}: it is damaged.")
