"""Is it alive, is it ready: for the supervisor, for monitors, for a worried administrator."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

from gemmaweb import liveness

ANSWER_WITHIN_S = 1.8
OK = "ok"
Check = Callable[[], dict[str, str]]

# Threads of its own: a part that hangs holds one up, and nobody but the next question about it.
EXECUTOR = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")


def alive(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when every part works; else 503, and each part's reason. Within two seconds, whatever hangs."""
    parts = look_at({"database": look_at_database, "redis": look_at_redis})
    is_ready = set(parts.values()) == {OK}
    return JsonResponse({"status": "ready" if is_ready else "not ready", "parts": parts}, status=200 if is_ready else 503)


def look_at(checks: dict[str, Check]) -> dict[str, str]:
    """Each part and its state: "ok", or why not."""
    asked: dict[str, Future[dict[str, str]]] = {name: EXECUTOR.submit(check) for name, check in checks.items()}
    answered, _hanging = wait(asked.values(), timeout=ANSWER_WITHIN_S)
    parts: dict[str, str] = {}
    for name, future in asked.items():
        parts |= future.result() if future in answered else {name: f"no answer in {ANSWER_WITHIN_S} s"}
    return parts


def look_at_database() -> dict[str, str]:
    """Whether PostgreSQL answers, and has all tables."""
    try:
        waiting = _migrations_to_come()
    except DatabaseError as error:
        return {"database": _first_line(error)}
    finally:
        connection.close()
    return {"database": OK, "migrations": f"{waiting} not applied" if waiting else OK}


def look_at_redis() -> dict[str, str]:
    """Whether Redis answers, and each kind of worker has said lately that it lives."""
    try:
        with liveness.connect() as redis:
            silent = liveness.silent(redis)
    except RedisError as error:
        return {"redis": _first_line(error)}
    return {"redis": OK} | {f"worker {queue}": "no sign of life" if queue in silent else OK for queue in liveness.QUEUES}


def _migrations_to_come() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _first_line(error: Exception) -> str:
    """What went wrong, without the rest that could name hosts and files to strangers."""
    return type(error).__name__
