"""Counting tries."""

from __future__ import annotations

import pytest

from apps.core.ratelimit import TooMany, count, network_of


def tries(who: str, number: int, scope: str = "door") -> int:
    """How many of `number` tries went through."""
    through = 0
    for _ in range(number):
        try:
            count(scope, who, limit=3)
        except TooMany:
            continue
        through += 1
    return through


def test_the_fourth_of_three_is_too_many() -> None:
    assert tries("10.0.0.1", 5) == 3


def test_everybody_is_counted_alone() -> None:
    assert [tries("10.0.0.1", 5), tries("10.0.0.2", 5), tries("10.0.0.1", 5, scope="window")] == [3, 3, 3]


def test_a_window_that_just_ended_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.ratelimit.cache.add", lambda *_args, **_kwargs: None)
    assert tries("10.0.0.1", 5) == 5


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.168.1.7", "192.168.1.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("2001:db8:1:2::", "2001:db8:1:2::"), ("::1", "::"),
        ("", "local"), ("nonsense", "local"),
    ],
)  # fmt: skip
def test_one_household_is_one_sender(address: str, network: str) -> None:
    assert network_of(address) == network
