"""Two connections that get into each other's way, as two people do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet

R = TypeVar("R")
PATIENCE_S = 10


def on_its_own_connection(call: Callable[[], R]) -> R:
    """What `call` returns, on a thread whose connection does not outlive it."""
    try:
        return call()
    finally:
        connection.close()


def wait_until_blocked() -> None:
    """Until some other connection waits for a lock."""
    end = time.monotonic() + PATIENCE_S
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise TimeoutError


@contextmanager
def held(rows: QuerySet[Any]) -> Iterator[None]:
    """Meanwhile somebody else holds `rows`, and we lose patience with locks after a tenth of a second."""
    is_held, may_go = Event(), Event()

    @transaction.atomic
    def hold() -> None:
        list(rows.select_for_update())
        is_held.set()
        may_go.wait(PATIENCE_S)

    with ThreadPoolExecutor(1) as pool, connection.cursor() as cursor:
        pool.submit(on_its_own_connection, hold)
        is_held.wait(PATIENCE_S)
        cursor.execute("SET lock_timeout = '100ms'")
        try:
            yield
        finally:
            may_go.set()
            cursor.execute("RESET lock_timeout")
