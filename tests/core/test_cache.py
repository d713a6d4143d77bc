"""What the cache keeps."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache
from redis import Redis


@pytest.mark.parametrize("value", [1, 1.5, True, None, "text", [1.5, 2], {"a": [1]}])
def test_plain_data_comes_back(value: object) -> None:
    cache.set("kept", value)
    assert cache.get("kept", "nothing") == value


def test_numbers_can_be_counted() -> None:
    cache.set("kept", 41)
    assert cache.incr("kept") == 42


def test_a_pickle_is_not_read() -> None:
    cache.set("kept", "text")
    Redis.from_url(settings.REDIS_URL).set(cache.make_key("kept"), b"\x80\x04\x8c\x04text\x94.")
    with pytest.raises(ValueError, match="codec"):
        cache.get("kept")
