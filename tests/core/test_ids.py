"""Public ids: they sort by birth, and tell nothing but when that was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.core.ids import uuid7
from tests.conftest import make_person

BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=300_000)).map(lambda since: EPOCH + since)


def born_at(moment: datetime) -> UUID:
    """An id of that moment."""
    with time_machine.travel(moment, tick=False):
        return uuid7()


@given(moments)
def test_it_is_a_uuid_of_version_7_whenever_it_is_made(moment: datetime) -> None:
    made = born_at(moment)
    assert (made.version, made.variant) == (7, RFC_4122)


@given(moments)
def test_it_begins_with_its_millisecond(moment: datetime) -> None:
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    assert born_at(moment).int >> 80 == milliseconds


@given(moments, st.timedeltas(timedelta(milliseconds=1), timedelta(days=3000)))
def test_the_younger_one_sorts_later(moment: datetime, later: timedelta) -> None:
    older, younger = born_at(moment), born_at(moment + later)
    assert older < younger
    assert str(older) < str(younger)
    assert older.bytes < younger.bytes


def test_those_of_one_millisecond_differ() -> None:
    with time_machine.travel(BORN, tick=False):
        made = {uuid7() for _ in range(20_000)}
    assert len(made) == 20_000


def test_each_random_bit_is_random() -> None:
    with time_machine.travel(BORN, tick=False):
        made = [uuid7().int for _ in range(200)]
    always, sometimes = made[0], 0
    for number in made:
        always, sometimes = always & number, sometimes | number
    assert (always ^ sometimes).bit_count() == 62


@given(moments, st.integers(1, 998))
def test_inside_a_millisecond_the_younger_one_sorts_later_too(moment: datetime, later_us: int) -> None:
    start = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert born_at(start) < born_at(start + timedelta(microseconds=later_us))


@pytest.mark.django_db
def test_the_database_sorts_them_by_birth_too() -> None:
    names = ["Alice", "Bob", "Charlie", "Dora"]
    for days, name in enumerate(names):
        with time_machine.travel(BORN - timedelta(days=days), tick=False):
            make_person(name)
    assert list(User.objects.order_by("-id").values_list("name", flat=True)) == names
