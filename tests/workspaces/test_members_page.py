"""The page of a team's people: searched, page by page, with the buttons that the reader may press."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.workspaces import invitations
from apps.workspaces.models import Membership, Role, Workspace
from tests.conftest import make_person, make_workspace, signed_in

PAGE = "/w/harbour/people/"


@pytest.fixture
def browser(alice: User, workspace: Workspace) -> Client:
    """The owner's browser."""
    return signed_in(alice)


def names(browser: Client, query: str = "") -> list[str]:
    return [member.user.name for member, _is_changeable in browser.get(f"{PAGE}{query}").context["members"]]


def crowd(workspace: Workspace, number: int) -> None:
    people = User.objects.bulk_create(User(email=f"p{n:04}@example.org", name=f"Person {n:04}") for n in range(number))
    Membership.objects.bulk_create(Membership(workspace=workspace, user=person) for person in people)


@pytest.mark.parametrize(
    ("query", "found"), [("", ["Alice", "Bob"]), ("BO", ["Bob"]), ("example li", ["Alice"]), ("charlie", []), ("%", []), ("b\0ob", ["Bob"])]
)
def test_it_is_searched(browser: Client, charlie: User, query: str, found: list[str]) -> None:
    answer = browser.get(f"{PAGE}?q={quote(query)}")
    assert [member.user.name for member, _is_changeable in answer.context["members"]] == found
    assert answer.context["total"] == len(found)


def test_a_thousand_members_are_reached_page_by_page(browser: Client, workspace: Workspace) -> None:
    crowd(workspace, 998)
    found, path, pages = [], PAGE, 0
    while path:
        context = browser.get(path).context
        found += [member.user.email for member, _is_changeable in context["members"]]
        path = f"{PAGE}?after={context['page'].after}" if context["page"].after else ""
        pages += 1
    assert (len(found), len(set(found)), pages) == (1000, 1000, 20)


def test_more_members_cost_no_more_queries(browser: Client, alice: User, workspace: Workspace) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(PAGE).status_code == 200
        return len(captured)

    invitations.invite(workspace=workspace, invited_by=alice, role=Role.MEMBER)
    queries()
    few = queries()
    crowd(workspace, 60)
    for _ in range(5):
        invitations.invite(workspace=workspace, invited_by=alice, role=Role.MEMBER)
    assert queries() == few


def test_a_member_of_another_team_is_no_place_to_go_on_from(browser: Client, charlie: User, workspace: Workspace) -> None:
    foreign = Membership.objects.get(user=charlie)
    assert names(browser, f"?after={foreign.pk}") == names(browser)


@pytest.mark.parametrize(
    ("reader", "changeable"),
    [
        (Role.OWNER, {"owner", "admin", "member", "viewer"}),
        (Role.ADMIN, {"admin", "member", "viewer"}),
        (Role.MEMBER, set()),
        (Role.VIEWER, set()),
    ],
)
def test_buttons_are_there_for_whom_they_work(workspace: Workspace, alice: User, reader: Role, changeable: set[str]) -> None:
    crew = {role: make_person(f"The{role}") for role in Role}
    for role, person in crew.items():
        Membership.objects.create(workspace=workspace, user=person, role=role)
    me = make_person("Reader")
    Membership.objects.create(workspace=workspace, user=me, role=reader)
    answer = signed_in(me).get(PAGE)
    assert {member.role for member, is_changeable in answer.context["members"] if is_changeable} == changeable
    page = answer.content.decode()
    for role, person in crew.items():
        assert (f"Role of The{role}" in page) == (role in changeable), person
        assert (f'aria-label="Remove The{role}"' in page) == (role in changeable)
    assert "Role of Reader" not in page
    assert ('id="invite"' in page) == bool(changeable)


def test_a_change_leads_back_to_the_same_search(browser: Client, bob: User, workspace: Workspace) -> None:
    place = Membership.objects.get(user=bob, workspace=workspace)
    answer = browser.post(f"{PAGE}?q=bo", {"action": "role", "membership": place.pk, "role": "viewer"})
    assert answer.headers["Location"] == f"{PAGE}?q=bo"


def test_it_tells_who_invited_and_until_when(browser: Client, alice: User, workspace: Workspace) -> None:
    invitations.invite(workspace=workspace, invited_by=alice, role=Role.VIEWER, note="Dora")
    page = browser.get(PAGE).content.decode()
    assert "Dora" in page
    assert "Viewer · by Alice · open until" in page


def test_it_says_whom_to_ask_for_a_password(browser: Client) -> None:
    assert "administrators of this installation" in browser.get(PAGE).content.decode()


def test_a_personal_workspace_is_for_one(alice: User, workspace: Workspace) -> None:
    own = make_workspace("own", owner=alice)
    Workspace.objects.filter(pk=own.pk).update(is_personal=True)
    page = signed_in(alice).get("/w/own/people/").content.decode()
    assert "nobody else is ever in it" in page
    assert 'id="invite"' not in page


def test_a_disabled_member_is_marked(browser: Client, bob: User) -> None:
    assert "Disabled" not in browser.get(PAGE).content.decode()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert "Disabled" in browser.get(PAGE).content.decode()


def test_what_people_type_is_escaped(browser: Client, alice: User, bob: User, workspace: Workspace) -> None:
    script = "<script>alert(1)</script>"
    User.objects.filter(pk=bob.pk).update(name=script)
    invitations.invite(workspace=workspace, invited_by=alice, role=Role.VIEWER, note=script)
    assert "<script>alert" not in browser.get(PAGE).content.decode()


def test_a_stranger_searches_nothing(charlie: User, workspace: Workspace) -> None:
    assert signed_in(charlie).get(f"{PAGE}?q=alice").status_code == 404
