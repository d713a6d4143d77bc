"""The administrator's list of people: searched, narrowed, page by page, and what its buttons do."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Session, User
from apps.workspaces.models import Membership, Role, Workspace
from tests.conftest import make_workspace, signed_in
from tests.workspaces.administrators import root

__all__ = ["root"]
PAGE = "/admin/people/"


@pytest.fixture
def browser(root: User) -> Client:
    """The administrator's browser."""
    return signed_in(root)


def shown(browser: Client, query: str = "") -> list[str]:
    """Names on the page, in their order."""
    return [row.person.name for row in browser.get(f"{PAGE}{query}").context["found"].rows]


def crowd(number: int) -> list[User]:
    """That many people."""
    return User.objects.bulk_create(User(email=f"p{n:04}@example.org", name=f"Person {n:04}") for n in range(number))


def test_it_lists_everybody_by_name(browser: Client, alice: User, bob: User, charlie: User) -> None:
    assert shown(browser) == ["Alice", "Bob", "Charlie", "Root"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ali", ["Alice"]),
        ("LI", ["Alice", "Charlie"]),
        ("bob@", ["Bob"]),
        ("example ob", ["Bob"]),
        ("  alice  ", ["Alice"]),
        ("nobody", []),
        ("%", []),
        ("_", []),
        ("'; DROP TABLE accounts_user; --", []),
        ("a\0lice", ["Alice"]),
        ("x" * 5000, []),
        ("", ["Alice", "Bob", "Charlie", "Root"]),
    ],
)
def test_it_is_searched_by_name_and_address(browser: Client, alice: User, bob: User, charlie: User, query: str, names: list[str]) -> None:
    assert shown(browser, f"?q={quote(query)}") == names


def test_it_is_narrowed_by_state(browser: Client, alice: User, bob: User, charlie: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now())
    assert shown(browser, "?state=administrators") == ["Root"]
    assert shown(browser, "?state=disabled") == ["Bob"]
    assert shown(browser, "?state=never") == ["Bob", "Charlie"]
    assert shown(browser, "?state=no-such") == ["Alice", "Bob", "Charlie", "Root"]


def test_the_chips_count_within_the_search(browser: Client, alice: User, bob: User, charlie: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    states = browser.get(f"{PAGE}?q=b").context["found"].states
    assert [number for _state, number in states] == [1, 0, 1, 1]


def test_it_is_narrowed_to_a_workspace_with_its_roles(browser: Client, alice: User, bob: User, charlie: User, workspace: Workspace) -> None:
    rows = browser.get(f"{PAGE}?workspace=harbour").context["found"].rows
    assert [(row.person.name, row.role) for row in rows] == [("Alice", "Owner"), ("Bob", "Member")]
    assert shown(browser, "?workspace=no-such") == ["Alice", "Bob", "Charlie", "Root"]


def test_it_counts_teams_and_neither_personal_nor_deleted_ones(browser: Client, alice: User, workspace: Workspace) -> None:
    for slug, change in (("own", {"is_personal": True}), ("old", {"deleted_at": timezone.now()}), ("quay", {})):
        Workspace.objects.filter(pk=make_workspace(slug, owner=alice).pk).update(**change)
    rows = browser.get(PAGE).context["found"].rows
    assert {row.person.name: row.teams for row in rows} == {"Alice": 2, "Bob": 1, "Root": 0}


def test_every_page_is_reached_and_nobody_twice(browser: Client) -> None:
    crowd(120)
    names, path = [], PAGE
    while path:
        answer = browser.get(path)
        names += [row.person.name for row in answer.context["found"].rows]
        after = answer.context["found"].page.after
        path = f"{PAGE}?after={after}" if after else ""
    assert names == sorted(names)
    assert len(names) == len(set(names)) == 121


def test_a_page_leads_on_within_its_search(browser: Client) -> None:
    crowd(60)
    answer = browser.get(f"{PAGE}?q=person&state=never")
    after = answer.context["found"].page.after
    assert f"?q=person&amp;state=never&amp;after={after}" in answer.content.decode()
    assert len(shown(browser, f"?q=person&state=never&after={after}")) == 10


@pytest.mark.parametrize("query", ["", "?q=person", "?workspace=harbour", "?state=never"])
def test_more_people_cost_no_more_queries(browser: Client, workspace: Workspace, query: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"{PAGE}{query}").status_code == 200
        return len(captured)

    def add(numbers: range) -> None:
        people = User.objects.bulk_create(User(email=f"p{n:04}@example.org", name=f"Person {n:04}") for n in numbers)
        Membership.objects.bulk_create(Membership(workspace=workspace, user=person) for person in people)

    add(range(3))
    queries()  # the first one notes that somebody was here
    few = queries()
    add(range(3, 49))
    assert queries() == few


def test_a_name_is_escaped(browser: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(name="<script>alert(1)</script>")
    assert "<script>alert" not in browser.get(PAGE).content.decode()


def act(browser: Client, query: str = "", **fields: Any) -> str:
    """What is said after a button was pressed."""
    return browser.post(f"{PAGE}{query}", fields, follow=True).content.decode()


def test_several_are_disabled_and_enabled(browser: Client, bob: User, charlie: User) -> None:
    Membership.objects.all().delete()
    assert "2 people were disabled." in act(browser, act="disable", person=[bob.pk, charlie.pk])
    assert set(User.objects.filter(is_active=False)) == {bob, charlie}
    assert "2 people can sign in again." in act(browser, act="enable", person=[bob.pk, charlie.pk])
    assert not User.objects.filter(is_active=False).exists()


def test_several_are_signed_out(browser: Client, root: User, alice: User, bob: User) -> None:
    others = [signed_in(alice), signed_in(bob)]
    assert "2 people were signed out." in act(browser, act="end_sessions", person=[alice.pk, bob.pk])
    assert [other.get("/me/").status_code for other in others] == [302, 302]


def test_a_rows_button_is_for_that_row_alone(browser: Client, alice: User, bob: User) -> None:
    assert "One person was disabled." in act(browser, only=f"disable {bob.pk}", act="enable", person=[alice.pk])
    assert list(User.objects.filter(is_active=False)) == [bob]


def test_a_rows_link_is_shown_on_the_persons_page_once(browser: Client, bob: User) -> None:
    answer = browser.post(PAGE, {"only": f"reset_link {bob.pk}"})
    assert answer.headers["Location"] == f"{PAGE}{bob.pk}/"
    link = browser.get(answer.headers["Location"]).context["new_link"]
    assert Client().get(link.removeprefix("http://testserver")).headers["Location"] == "/reset/"
    assert browser.get(answer.headers["Location"]).context["new_link"] == ""


def test_the_search_stays_after_an_act(browser: Client, bob: User) -> None:
    answer = browser.post(f"{PAGE}?q=bob&state=never", {"act": "end_sessions", "person": [bob.pk]})
    assert answer.headers["Location"] == f"{PAGE}?q=bob&state=never"


def test_what_is_refused_is_said_on_the_page(browser: Client, root: User, alice: User, workspace: Workspace) -> None:
    assert "Nobody else owns Harbour" in act(browser, act="disable", person=[alice.pk])
    assert "You cannot disable yourself" in act(browser, act="disable", person=[root.pk])
    assert not User.objects.filter(is_active=False).exists()


def test_whoever_signs_themselves_out_is_at_the_door(browser: Client, root: User) -> None:
    answer = browser.post(PAGE, {"act": "end_sessions", "person": [root.pk]}, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    assert not Session.objects.filter(user=root).exists()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"act": "disable"},
        {"act": "crown", "person": "{bob}"},
        {"act": "disable", "person": "x"},
        {"act": "disable", "person": "0190a000-0000-7000-8000-000000000000"},
        {"only": "disable"},
        {"only": "crown {bob}"},
        {"only": "disable {bob} {bob}"},
        {"only": "disable\0{bob}"},
    ],
)
def test_a_wrong_form_changes_nothing(browser: Client, bob: User, fields: dict[str, str]) -> None:
    given = {name: value.format(bob=bob.pk) for name, value in fields.items()}
    assert browser.post(PAGE, given).status_code == 422
    assert User.objects.get(pk=bob.pk).is_active


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
@pytest.mark.parametrize("path", [PAGE, f"{PAGE}new/", f"{PAGE}{{pk}}/", "/admin/workspaces/", "/admin/workspaces/new/"])
def test_for_anybody_else_there_is_nothing_here(alice: User, bob: User, charlie: User, workspace: Workspace, who: str, path: str) -> None:
    browser = signed_in({"alice": alice, "bob": bob, "charlie": charlie}[who])
    before = list(User.objects.order_by("pk").values_list("pk", "is_active", "is_superuser", "password"))
    for method in ("get", "post"):
        fields = {"act": "disable", "person": [bob.pk], "only": f"disable {bob.pk}", "action": "disable"}
        assert getattr(browser, method)(path.format(pk=bob.pk), fields).status_code == 404
    assert list(User.objects.order_by("pk").values_list("pk", "is_active", "is_superuser", "password")) == before


def test_an_administrator_who_was_demoted_finds_nothing(browser: Client, root: User) -> None:
    assert browser.get(PAGE).status_code == 200
    User.objects.filter(pk=root.pk).update(is_superuser=False)
    assert browser.get(PAGE).status_code == 404


@pytest.mark.parametrize("role", Role.values)
def test_a_role_in_a_team_is_no_role_here(alice: User, bob: User, workspace: Workspace, role: str) -> None:
    Membership.objects.filter(user=bob).update(role=role)
    assert signed_in(bob).get(PAGE).status_code == 404
