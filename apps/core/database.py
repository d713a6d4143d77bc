"""The one crossing from the event loop to the database, and the one way to a single row."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync
from django.db import connection
from django.db.models import Model, QuerySet

from apps.core.errors import NotFound

M = TypeVar("M", bound=Model)
P = ParamSpec("P")
R = TypeVar("R")

# Bounded, and not thread-sensitive: ten calls of 0.2 s in a row on asgiref's single thread held up everybody else for 2 s.
EXECUTOR = ThreadPoolExecutor(max_workers=8, thread_name_prefix="database")


def in_database(call: Callable[P, R], executor: ThreadPoolExecutor = EXECUTOR) -> Callable[P, Coroutine[Any, Any, R]]:
    """`call` as a coroutine function that runs on a database thread and gives its connection back afterwards.

    What waits for anything but the database has threads of its own: on these, all others would wait with it.
    """
    crossing: Callable[P, Coroutine[Any, Any, R]] = DatabaseSyncToAsync(call, thread_sensitive=False, executor=executor)
    return crossing


def give_connection_back() -> None:
    """Before a long wait: there are few, and the next query gets one again. In a transaction it is needed to its end."""
    if not connection.in_atomic_block:
        connection.close()


def only(rows: QuerySet[M]) -> M:
    """The one row of `rows`, which were narrowed by `visible_to`: missing and foreign look the same. Raises NotFound."""
    row = rows.first()
    if row is None:
        raise NotFound
    return row
