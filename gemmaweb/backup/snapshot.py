"""The database as it is at one moment, however long the reading takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import IsolationLevel, sql

from gemmaweb.local.errors import Refused

# Of no use in a restored installation, and a danger in the wrong hands: they open doors.
LEFT_OUT = {"django_session", "accounts_session", "accounts_resetlink"}
MIGRATIONS = "django_migrations"

_TABLES = """
    SELECT relname, array_agg(attname::text ORDER BY attnum), pg_table_size(pg_class.oid)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    GROUP BY relname, pg_class.oid ORDER BY relname
"""
# The same rows come in the same order each time: the checksum of a table is one of their order too.
_IN_ORDER = "SET LOCAL statement_timeout = 0; SET LOCAL synchronize_seqscans = off"


@dataclass(frozen=True)
class Original:
    """An uploaded file as its row knows it."""

    key: str
    sha256: str
    size_bytes: int


class Snapshot:
    """What `open_snapshot` gives: questions to the database of that moment."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        found = connection.execute(_TABLES).fetchall()
        self.columns: dict[str, list[str]] = {name: columns for name, columns, _ in found if name not in LEFT_OUT | {MIGRATIONS}}
        self.size_bytes = sum(size_bytes for name, _, size_bytes in found if name in self.columns)

    def migrations(self) -> list[tuple[str, str]]:
        """App and name of each that was applied. Raises Refused where there was none: nobody has used this database."""
        try:
            return [(app, name) for app, name in self._connection.execute("SELECT app, name FROM django_migrations ORDER BY id")]
        except psycopg.errors.UndefinedTable:
            raise Refused("There is nothing to back up here: Gemmaweb has never run on this database.") from None

    def rows(self, table: str) -> Iterator[bytes]:
        """The table's rows as COPY writes them, a line each, in blocks of any size."""
        names = sql.SQL(", ").join(map(sql.Identifier, self.columns[table]))
        with self._connection.cursor().copy(sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), names)) as copy:
            yield from map(bytes, copy)

    def originals(self) -> list[Original]:
        """Every uploaded file that a row names."""
        wanted = "SELECT storage_key, sha256, size_bytes FROM documents_documentversion ORDER BY storage_key"
        return [Original(*row) for row in self._connection.execute(wanted)]


@contextmanager
def open_snapshot(url: str) -> Iterator[Snapshot]:
    """The database at `url` as it is now, until the `with` ends. Raises Refused where it does not answer."""
    try:
        connection = psycopg.connect(url, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise Refused(f"The database does not answer: {str(error).strip()}") from error
    with connection:
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        connection.execute(_IN_ORDER)
        yield Snapshot(connection)
