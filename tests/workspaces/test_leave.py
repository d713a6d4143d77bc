"""Leave a workspace by ones own wish."""

from __future__ import annotations

from uuid import UUID

import pytest

from apps.accounts.models import User
from apps.audit.models import Event
from apps.workspaces.models import Membership, Role, Workspace
from tests.conftest import make_person, make_workspace, signed_in


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Whose sockets were closed."""
    people: list[UUID] = []
    monkeypatch.setattr("apps.workspaces.members.end_sockets", people.append)
    return people


def leave(user: User, slug: str = "harbour") -> str:
    """What the person reads after pressing the button."""
    page = signed_in(user).post(f"/w/{slug}/leave/", follow=True)
    return " ".join(map(str, page.context["messages"]))


def places(user: User) -> list[str]:
    """The workspaces that the person is in."""
    return list(Membership.objects.filter(user=user).order_by("workspace__slug").values_list("workspace__slug", flat=True))


def test_a_member_leaves_and_sees_it_no_more(bob: User, workspace: Workspace, ended: list[UUID]) -> None:
    assert leave(bob) == "You left the workspace."
    assert places(bob) == []
    assert signed_in(bob).get("/w/harbour/").status_code == 404
    assert ended == [bob.pk]


def test_the_last_owner_is_told_to_name_another(alice: User, workspace: Workspace) -> None:
    assert "Make somebody else an owner first" in leave(alice)
    assert places(alice) == ["harbour"]


def test_an_owner_who_has_another_beside_leaves(alice: User, bob: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    leave(alice)
    assert places(alice) == []


def test_another_owner_who_is_disabled_does_not_count(alice: User, workspace: Workspace) -> None:
    gone = make_person("Gone")
    Membership.objects.create(workspace=workspace, user=gone, role=Role.OWNER)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    leave(alice)
    assert places(alice) == ["harbour"]


@pytest.mark.parametrize("role", Role.values)
def test_nobody_leaves_the_workspace_of_their_own(alice: User, role: str) -> None:
    mine = make_workspace("alice", **{role: alice})
    Workspace.objects.filter(pk=mine.pk).update(is_personal=True)
    assert "This is your own workspace" in leave(alice, "alice")
    assert places(alice) == ["alice"]


def test_a_stranger_cannot_leave_what_they_are_not_in(charlie: User, workspace: Workspace) -> None:
    assert signed_in(charlie).post("/w/harbour/leave/").status_code == 404


def test_it_takes_the_person_out_of_this_workspace_only(bob: User, workspace: Workspace) -> None:
    make_workspace("second", member=bob)
    leave(bob)
    assert places(bob) == ["second"]
    assert Membership.objects.filter(workspace=workspace).count() == 1


def test_an_archived_workspace_can_be_left(bob: User, workspace: Workspace) -> None:
    Workspace.objects.update(archived_at="2026-01-01T00:00Z")
    leave(bob)
    assert places(bob) == []


def test_it_is_on_record(bob: User, workspace: Workspace) -> None:
    leave(bob)
    event = Event.objects.get(action="member.removed")
    assert (event.actor, event.workspace, event.target) == (bob, workspace.pk, str(bob.pk))


@pytest.mark.parametrize("is_last", [True, False])
def test_the_settings_offer_it_where_it_is_possible(alice: User, bob: User, workspace: Workspace, is_last: bool) -> None:
    Membership.objects.filter(user=bob).update(role=Role.MEMBER if is_last else Role.OWNER)
    page = signed_in(alice).get("/w/harbour/settings/").content.decode()
    assert ('id="leave-dialog"' in page) is not is_last
    assert ("You are the only owner" in page) is is_last


def test_it_takes_a_press_of_the_button(bob: User, workspace: Workspace) -> None:
    assert signed_in(bob).get("/w/harbour/leave/").status_code == 405
    assert places(bob) == ["harbour"]
