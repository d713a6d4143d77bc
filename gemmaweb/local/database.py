"""The database of a home for a command: the one that runs, or one that is started for as long as it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from gemmaweb.local.errors import Refused, StartFailed
from gemmaweb.local.folder import Home
from gemmaweb.local.lock import HomeLock
from gemmaweb.local.postgres import Postgres


@contextmanager
def open_database(home: Home) -> Iterator[str]:
    """The URL of the home's database, which answers until the `with` ends. Raises Refused where there is none, or it does not start."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    if not home.postgres_data.exists():
        raise Refused(f"There is no database in {home.path}.")
    lock = HomeLock(home)
    is_stopped = False
    with suppress(Refused):
        lock.acquire()
        is_stopped = True
    if not is_stopped:
        yield home.database_url()
        return
    try:
        with started(home):
            yield home.database_url()
    finally:
        lock.release()


@contextmanager
def started(home: Home) -> Iterator[None]:
    """The embedded PostgreSQL of a home that nothing else runs on; it is made where there is none. Raises Refused."""
    home.prepare()
    home.open_sockets()
    server = Postgres(home)
    try:
        server.start()
        yield
    except StartFailed as failure:
        raise Refused(str(failure)) from failure
    finally:
        server.stop()
        home.close_sockets()


def is_used(url: str) -> bool:
    """Whether people have an account in the database at `url`. Raises Refused where it does not answer."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return bool(connection.execute("SELECT 1 FROM accounts_user LIMIT 1").fetchone())
    except psycopg.errors.UndefinedTable:
        return False
    except psycopg.OperationalError as error:
        raise Refused(f"The database does not answer: {str(error).strip()}") from error
