"""The administrator's page of one person, and the page for somebody new."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import ResetLink, User
from apps.chat.models import Conversation
from apps.documents.models import Document
from apps.workspaces.keys import create_key
from apps.workspaces.models import Invitation, Membership, Role, Workspace
from tests.conftest import PASSWORD, make_workspace, signed_in
from tests.workspaces.administrators import make_root, recorded, role_of, root

__all__ = ["root"]
NEW = "/admin/people/new/"
DORA = {"action": "create", "name": "Dora", "email": "dora@example.org", "workspace": "harbour", "role": "viewer"}


@pytest.fixture
def browser(root: User) -> Client:
    """The administrator's browser."""
    return signed_in(root)


def page_of(person: User) -> str:
    return f"/admin/people/{person.pk}/"


def press(browser: Client, person: User, action: str, **fields: Any) -> str:
    """What the page says after the button was pressed."""
    return browser.post(page_of(person), {"action": action, **fields}, follow=True).content.decode()


def path_of(link: str) -> str:
    """A link without the name of the host."""
    return link.removeprefix("http://testserver")


def test_it_shows_who_it_is(browser: Client, bob: User, workspace: Workspace) -> None:
    create_key(user=bob, workspace=workspace, name="robot")
    signed_in(bob)
    context = browser.get(page_of(bob)).context
    assert context["person"] == bob
    assert [(place.workspace.slug, place.role) for place in context["places"]] == [("harbour", "member")]
    assert (context["sessions"], context["keys"]) == (1, 1)


def test_it_costs_the_same_however_many_workspaces(browser: Client, bob: User, workspace: Workspace) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(page_of(bob))
        return len(captured)

    queries()
    few = queries()
    for number in range(20):
        make_workspace(f"quay-{number}", owner=bob)
    assert queries() == few


def test_it_tells_nothing_of_what_they_write(browser: Client, bob: User, workspace: Workspace) -> None:
    Conversation.objects.create(workspace=workspace, author=bob, title="Secret plan")
    Document.objects.create(workspace=workspace, name="salaries.xlsx", added_by=bob)
    page = browser.get(page_of(bob)).content.decode()
    assert ("Secret plan" in page, "salaries" in page, "Harbour" in page) == (False, False, True)


def test_a_place_is_given_changed_and_taken(browser: Client, charlie: User, workspace: Workspace) -> None:
    press(browser, charlie, "role", workspace="harbour", role="viewer")
    assert role_of(charlie, workspace) == Role.VIEWER
    press(browser, charlie, "role", workspace="harbour", role="owner")
    assert role_of(charlie, workspace) == Role.OWNER
    press(browser, charlie, "remove", workspace="harbour")
    assert role_of(charlie, workspace) is None


def test_the_last_owner_stays_and_the_page_says_so(browser: Client, alice: User, workspace: Workspace) -> None:
    assert list(browser.get(page_of(alice)).context["only_owner_of"]) == [workspace]
    for action, fields in (("role", {"role": "member", "workspace": "harbour"}), ("remove", {"workspace": "harbour"})):
        assert "keeps at least one owner" in press(browser, alice, action, **fields)
    assert "Nobody else owns Harbour" in press(browser, alice, "disable")
    assert role_of(alice, workspace) == Role.OWNER


def test_workspaces_to_choose_are_teams_that_they_are_not_in(browser: Client, bob: User, workspace: Workspace) -> None:
    for slug, change in (("own", {"is_personal": True}), ("old", {"deleted_at": "2026-01-01T00:00Z"}), ("quay", {})):
        Workspace.objects.filter(pk=make_workspace(slug).pk).update(**change)
    offered = browser.get(page_of(bob)).context["placing"].fields["workspace"].queryset
    assert [one.slug for one in offered] == ["quay"]


def test_an_administrator_is_made_and_unmade(browser: Client, bob: User) -> None:
    press(browser, bob, "make_administrator")
    assert signed_in(bob).get("/admin/people/").status_code == 200
    press(browser, bob, "unmake_administrator")
    assert signed_in(bob).get("/admin/people/").status_code == 404


def test_whoever_steps_down_is_led_home(browser: Client, root: User) -> None:
    assert "Make another person an administrator first" in press(browser, root, "unmake_administrator")
    make_root("Other")
    assert browser.post(page_of(root), {"action": "unmake_administrator"}).headers["Location"] == "/"


def test_somebody_is_disabled_and_enabled(browser: Client, bob: User) -> None:
    assert "One person was disabled." in press(browser, bob, "disable")
    assert browser.post(page_of(bob), {"action": "reset_link"}).status_code == 404
    assert "One person can sign in again." in press(browser, bob, "enable")


def test_a_reset_link_is_shown_once_and_taken_back(browser: Client, bob: User) -> None:
    shown = browser.post(page_of(bob), {"action": "reset_link"}, follow=True)
    link = re.fullmatch(r"http://testserver(/reset/[\w-]{43}/)", shown.context["new_link"])
    assert link is not None
    assert "no-store" in shown.headers["Cache-Control"]
    assert link[1] not in browser.get(page_of(bob)).content.decode()
    press(browser, bob, "end_reset_link")
    assert Client().get(link[1]).status_code == 404


def test_a_link_waits_for_its_own_persons_page(browser: Client, alice: User, bob: User) -> None:
    browser.post(page_of(bob), {"action": "reset_link"})
    assert browser.get(page_of(alice)).context["new_link"] == ""
    assert browser.get(page_of(bob)).context["new_link"]


def test_by_the_link_the_person_sets_a_password(browser: Client, bob: User, client: Client) -> None:
    link = browser.post(page_of(bob), {"action": "reset_link"}, follow=True).context["new_link"]
    client.get(path_of(link))
    client.post("/reset/", {"password": "staple battery horse"})
    assert client.get("/me/").context["user"] == bob
    assert Client().login(email=bob.email, password=PASSWORD) is False


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("", {}),
        ("crown", {}),
        ("role", {}),
        ("role", {"workspace": "harbour", "role": "king"}),
        ("role", {"workspace": "no-such", "role": "member"}),
        ("remove", {}),
        ("remove", {"workspace": "x\0"}),
    ],
)
def test_a_wrong_form_is_refused(browser: Client, bob: User, workspace: Workspace, action: str, fields: dict[str, str]) -> None:
    assert browser.post(page_of(bob), {"action": action, **fields}).status_code == 422
    assert role_of(bob, workspace) == Role.MEMBER


@pytest.mark.parametrize("slug", ["own", "old"])
def test_no_form_reaches_a_personal_or_deleted_workspace(browser: Client, alice: User, bob: User, slug: str) -> None:
    for name, change in (("own", {"is_personal": True}), ("old", {"deleted_at": "2026-01-01T00:00Z"})):
        Workspace.objects.filter(pk=make_workspace(name, owner=alice).pk).update(**change)
    assert browser.post(page_of(bob), {"action": "role", "workspace": slug, "role": "owner"}).status_code == 422
    assert browser.post(page_of(alice), {"action": "remove", "workspace": slug}).status_code == 422
    assert browser.post(NEW, {"action": "invite", "workspace": slug, "role": "owner"}).status_code == 200
    assert (Membership.objects.count(), Invitation.objects.count()) == (2, 0)


def test_who_is_not_there_is_not_found(browser: Client) -> None:
    assert browser.get("/admin/people/0190a000-0000-7000-8000-000000000000/").status_code == 404


def test_somebody_new_gets_a_link_and_a_place(browser: Client, workspace: Workspace, client: Client) -> None:
    shown = browser.post(NEW, DORA, follow=True)
    dora = User.objects.get(email="dora@example.org")
    assert shown.redirect_chain[0][0] == page_of(dora)
    assert (dora.name, role_of(dora, workspace), dora.is_superuser) == ("Dora", Role.VIEWER, False)
    client.get(path_of(shown.context["new_link"]))
    assert client.post("/reset/", {"password": PASSWORD}).status_code == 302
    assert client.get("/w/harbour/").status_code == 200


def test_somebody_new_speaks_the_administrators_language(browser: Client, root: User) -> None:
    User.objects.filter(pk=root.pk).update(language="de")
    browser.post(NEW, DORA | {"workspace": ""})
    assert User.objects.get(email="dora@example.org").language == "de"


@pytest.mark.parametrize(
    "change", [{"email": "bob@example.org"}, {"email": "nobody"}, {"email": ""}, {"name": ""}, {"workspace": "no-such"}, {"role": "king"}]
)
def test_a_bad_entry_makes_nobody(browser: Client, bob: User, workspace: Workspace, change: dict[str, str]) -> None:
    people = User.objects.count()
    answer = browser.post(NEW, DORA | change)
    assert (answer.status_code, User.objects.count()) == (200, people)
    assert list(answer.context["creating"].errors) == list(change)


@pytest.mark.parametrize("field", ["is_superuser", "is_staff", "is_active", "password", "id"])
def test_other_fields_are_not_taken_over(browser: Client, workspace: Workspace, field: str) -> None:
    browser.post(NEW, DORA | {field: "1"})
    dora = User.objects.get(email="dora@example.org")
    assert (dora.is_superuser, dora.is_active, dora.has_usable_password()) == (False, True, False)


def test_somebody_is_invited_into_any_team(browser: Client, charlie: User, workspace: Workspace) -> None:
    fields = {"action": "invite", "workspace": "harbour", "role": "admin", "note": "for Charlie"}
    link = browser.post(NEW, fields, follow=True).context["new_link"]
    assert browser.get(NEW).context["new_link"] == ""
    signed_in(charlie).post(path_of(link))
    assert role_of(charlie, workspace) == Role.ADMIN


def test_an_invitation_is_listed_and_taken_back(browser: Client, root: User, workspace: Workspace) -> None:
    link = browser.post(NEW, {"action": "invite", "workspace": "harbour", "role": "admin", "note": "Dora"}, follow=True).context["new_link"]
    [made] = browser.get(NEW).context["invitations"]
    assert "Admin of Harbour" in browser.get(NEW).content.decode()
    other = signed_in(make_root("Other"))
    assert list(other.get(NEW).context["invitations"]) == []
    assert other.post(NEW, {"action": "revoke", "invitation": made.pk}).status_code == 404
    assert browser.post(NEW, {"action": "revoke", "invitation": made.pk}).headers["Location"] == NEW
    assert Client().get(path_of(link)).status_code == 404
    assert recorded()[-1] == ("invitation.revoked", root.email, str(made.pk))
    assert browser.post(NEW, {"action": "revoke", "invitation": made.pk}).status_code == 404


@pytest.mark.parametrize("given", ["", "x", "\0"])
def test_a_wrong_invitation_is_refused(browser: Client, given: str) -> None:
    assert browser.post(NEW, {"action": "revoke", "invitation": given}).status_code == 422


def test_a_link_is_on_no_page_of_another(browser: Client, bob: User) -> None:
    browser.post(page_of(bob), {"action": "reset_link"})
    assert ResetLink.objects.filter(user=bob).exists()
    assert signed_in(make_root("Other")).get(page_of(bob)).context["new_link"] == ""
