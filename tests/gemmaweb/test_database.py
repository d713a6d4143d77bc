"""The frame stands on the real services."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection


@pytest.mark.django_db
def test_the_database_is_postgresql_with_pgvector() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        assert cursor.fetchone()[0] >= "0.8"


def test_the_cache_is_the_embedded_redis() -> None:
    cache.set("who", "me")
    assert cache.get("who") == "me"
