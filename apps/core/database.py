"""The one crossing from the event loop to the database."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync

P = ParamSpec("P")
R = TypeVar("R")

# Bounded, and not thread-sensitive: ten calls of 0.2 s in a row on asgiref's single thread held up everybody else for 2 s.
EXECUTOR = ThreadPoolExecutor(max_workers=8, thread_name_prefix="database")


def in_database(call: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """`call` as a coroutine function that runs on a database thread and gives its connection back afterwards."""
    crossing: Callable[P, Coroutine[Any, Any, R]] = DatabaseSyncToAsync(call, thread_sensitive=False, executor=EXECUTOR)
    return crossing
