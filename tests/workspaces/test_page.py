"""What stands around every page of a workspace: one's own place in it, and one's own other workspaces."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import User
from apps.workspaces.models import Role, Workspace
from apps.workspaces.page import LAST_WORKSPACE
from tests.conftest import make_person, make_workspace, signed_in

SHELF = "/w/harbour/documents/"


@pytest.fixture
def crew(workspace: Workspace) -> dict[Role, User]:
    """One person of each role."""
    people = {role: make_person(role.value) for role in Role}
    for role, person in people.items():
        workspace.memberships.create(user=person, role=role)
    return people


@pytest.mark.parametrize("role", Role)
def test_everybody_has_their_own_place(crew: dict[Role, User], role: Role) -> None:
    membership = signed_in(crew[role]).get(SHELF).context["membership"]
    assert (membership.user, membership.role) == (crew[role], role)


def test_the_list_has_ones_own_workspaces_the_personal_one_last(alice: User, charlie: User, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=make_workspace("alices", owner=alice).pk).update(is_personal=True)
    make_workspace("zoo", viewer=alice)
    make_workspace("bridge", member=alice, owner=charlie)
    shown = signed_in(alice).get(SHELF).context["workspaces"]
    assert [workspace.slug for workspace in shown] == ["bridge", "harbour", "zoo", "alices"]


def test_home_leads_to_where_one_was_last(alice: User, workspace: Workspace) -> None:
    make_workspace("zoo", owner=alice)
    browser = signed_in(alice)
    for slug in ("zoo", "harbour", "zoo"):
        browser.get(f"/w/{slug}/documents/")
        assert browser.get("/").headers["Location"] == f"/w/{slug}/"


def test_a_page_that_is_not_there_is_not_where_one_was(alice: User, charlie: User, workspace: Workspace) -> None:
    browser = signed_in(alice)
    browser.get(SHELF)
    assert browser.get("/w/elsewhere/documents/").status_code == 404
    assert browser.session[LAST_WORKSPACE] == str(workspace.pk)


def test_going_on_in_one_workspace_writes_no_session(alice: User, workspace: Workspace) -> None:
    browser = signed_in(alice)
    browser.get(SHELF)
    assert not browser.get(SHELF).cookies.get("gemmaweb_session")


@pytest.mark.parametrize("megabytes", [1, 250])
def test_the_page_says_how_large_a_file_may_be(alice: User, workspace: Workspace, settings: Any, megabytes: int) -> None:
    settings.UPLOAD_MAX_BYTES = megabytes * 1024 * 1024
    assert signed_in(alice).get(SHELF).context["upload_max_mb"] == megabytes
