"""Pages of a long list: each row once, forwards and backwards, whatever comes and goes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User, shown_name
from apps.core.keyset import Page, page_of

NAMES = ["Zoe", "ada", "Ada", "", "", "Émile", "李", "Bob", "Bob", "bob", "Carol"]


@pytest.fixture
def people(db: None) -> QuerySet[User]:
    """Eleven people, some of one name, some without."""
    User.objects.bulk_create(User(email=f"{number:02}@example.org", name=name) for number, name in enumerate(NAMES))
    return User.objects.all()


def page(rows: QuerySet[User], *, among: QuerySet[User] | None = None, after: str | None = None, before: str | None = None) -> Page[User]:
    asked = {name: cursor for name, cursor in (("after", after), ("before", before)) if cursor is not None}
    return page_of(rows, among=User.objects.all() if among is None else among, by=shown_name(), asked=asked, size=4)


def turn(rows: QuerySet[User], side: str, cursor: str) -> Page[User]:
    return page(rows, after=cursor) if side == "after" else page(rows, before=cursor)


def walk(rows: QuerySet[User]) -> Iterator[Page[User]]:
    """All pages, from the first to the last."""
    shown = page(rows)
    yield shown
    while shown.after:
        shown = page(rows, after=shown.after)
        yield shown


def emails(pages: list[Page[User]]) -> list[str]:
    return [row.email for page in pages for row in page.rows]


def test_each_row_comes_once_in_its_order(people: QuerySet[User]) -> None:
    pages = list(walk(people))
    assert [len(page.rows) for page in pages] == [4, 4, 3]
    assert emails(pages) == list(people.order_by(shown_name(), "pk").values_list("email", flat=True))


def test_the_way_back_is_the_way_there(people: QuerySet[User]) -> None:
    pages = list(walk(people))
    back = [pages[-1]]
    while back[-1].before:
        back.append(page(people, before=back[-1].before))
    assert [emails([one]) for one in back[::-1]] == [emails([one]) for one in pages]


def test_the_largest_may_come_first(people: QuerySet[User]) -> None:
    down = partial(page_of, among=people, by=shown_name(), size=4, is_descending=True)
    pages = [down(people, asked={})]
    while pages[-1].after:
        pages.append(down(people, asked={"after": pages[-1].after}))
    assert emails(pages) == emails(list(walk(people)))[::-1]
    assert emails([down(people, asked={"before": pages[-1].before})]) == emails([pages[-2]])


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_after(people: QuerySet[User]) -> None:
    pages = list(walk(people))
    assert [bool(one.before) for one in pages] == [False, True, True]
    assert [bool(one.after) for one in pages] == [True, True, False]


def test_a_row_that_left_the_search_still_tells_where_to_go_on(people: QuerySet[User]) -> None:
    active = people.filter(is_active=True)
    shown = page(active)
    people.filter(pk=shown.rows[-1].pk).update(is_active=False)
    assert emails([shown, page(active, after=shown.after)]) == emails(list(walk(people)))[:8]


def test_who_comes_meanwhile_moves_nobody(people: QuerySet[User]) -> None:
    shown = page(people)
    following = emails([page(people, after=shown.after)])
    User.objects.create(email="aaa@example.org", name="aaa")
    assert emails([page(people, after=shown.after)]) == following


@pytest.mark.parametrize("cursor", ["", "x", "\x00", "0190a000-0000-7000-8000-000000000000", "' OR 1=1 --"])
@pytest.mark.parametrize("side", ["after", "before"])
def test_a_cursor_that_names_no_row_leads_to_the_first_page(people: QuerySet[User], side: str, cursor: str) -> None:
    assert emails([turn(people, side, cursor)]) == emails([page(people)])


def test_a_row_of_another_list_is_no_cursor(people: QuerySet[User]) -> None:
    mine, foreign = people.exclude(name="Carol"), people.get(name="Carol")
    assert emails([page(mine, among=mine, after=str(foreign.pk))]) == emails([page(mine, among=mine)])


@pytest.mark.parametrize("side", ["after", "before"])
def test_past_the_end_is_the_first_page(people: QuerySet[User], side: str) -> None:
    edge = emails(list(walk(people)))[-1 if side == "after" else 0]
    assert emails([turn(people, side, str(people.get(email=edge).pk))]) == emails([page(people)])


def test_nothing_is_an_empty_page(people: QuerySet[User]) -> None:
    assert page(people.filter(name="Nobody")) == Page([], "", "")


def test_a_page_costs_two_queries_and_no_count(people: QuerySet[User]) -> None:
    shown = page(people)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page(people, after=shown.after)
    assert len(queries) == 2
    assert "OFFSET" not in str(queries.captured_queries)
