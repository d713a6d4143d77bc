"""Alive, and ready."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as installed
from django.db import OperationalError
from django.test import Client
from redis import Redis

from gemmaweb import health, liveness

PARTS = {"database", "migrations", "redis", "worker generation", "worker ingest", "worker models", "worker sweep"}
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def workers() -> Iterator[Redis]:
    """All workers have just said that they live."""
    redis = liveness.connect()
    liveness.say_alive(redis, liveness.QUEUES)
    yield redis
    redis.delete(*[liveness.key(queue) for queue in liveness.QUEUES])


@pytest.fixture
def ask(transactional_db: None, client: Client) -> Any:
    """Ask for the state of all parts; (status, parts)."""

    def state() -> tuple[int, dict[str, str]]:
        answer = client.get("/readyz")
        return answer.status_code, answer.json()["parts"]

    return state


def test_it_is_alive_whatever_is_missing(client: Client, settings: Any) -> None:
    settings.REDIS_URL = NOWHERE
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_it_is_ready_when_all_parts_are(ask: Any, workers: Redis) -> None:
    assert ask() == (200, dict.fromkeys(PARTS, "ok"))


@pytest.mark.parametrize("queue", liveness.QUEUES)
def test_a_silent_worker_is_named(ask: Any, workers: Redis, queue: str) -> None:
    workers.delete(liveness.key(queue))
    status, parts = ask()
    assert status == 503
    assert {part: state for part, state in parts.items() if state != "ok"} == {f"worker {queue}": "no sign of life"}


def test_a_missing_redis_is_named(ask: Any, settings: Any) -> None:
    settings.REDIS_URL = NOWHERE
    status, parts = ask()
    assert (status, parts) == (503, {"database": "ok", "migrations": "ok", "redis": "ConnectionError"})


def test_a_missing_database_is_named(ask: Any, workers: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> int:
        raise OperationalError("connection to server at 10.0.0.5 failed")

    monkeypatch.setattr(health, "_migrations_to_come", gone)
    status, parts = ask()
    assert (status, parts["database"]) == (503, "OperationalError")
    assert "10.0.0.5" not in str(parts)


def test_missing_tables_are_counted(ask: Any, workers: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrations_to_come", lambda: 2)
    assert ask()[1]["migrations"] == "2 not applied"


def hang() -> int:
    time.sleep(1)
    return 0


def test_a_part_that_hangs_is_named_in_time(ask: Any, workers: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_WITHIN_S", 0.2)
    monkeypatch.setattr(health, "_migrations_to_come", hang)
    started = time.monotonic()
    status, parts = ask()
    assert (status, parts["database"]) == (503, "no answer in 0.2 s")
    assert time.monotonic() - started < 0.9


def test_a_sign_of_life_expires(workers: Redis) -> None:
    assert 0 < Redis.from_url(installed.REDIS_URL).ttl(liveness.key("ingest")) <= liveness.EXPIRES_S
    assert liveness.EXPIRES_S > 2 * liveness.BEAT_S


def test_a_worker_outlives_a_missing_redis(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_URL = NOWHERE
    liveness.say_alive(liveness.connect(), ["ingest"])
    assert "signs of life" in caplog.text
