"""Who is in which team, and as what, by an administrator of the installation."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import NoSuchPerson
from apps.core.errors import NotFound
from apps.workspaces import invitations, members, people
from apps.workspaces.invitations import PersonalWorkspace
from apps.workspaces.models import Invitation, Membership, Role, Workspace
from tests.conftest import signed_in
from tests.workspaces.administrators import recorded, role_of, root

__all__ = ["root"]


def test_somebody_gets_a_place(root: User, charlie: User, workspace: Workspace) -> None:
    people.set_role(person=charlie.pk, workspace=workspace.pk, role=Role.ADMIN, by=root)
    assert role_of(charlie, workspace) == Role.ADMIN
    assert recorded() == [("member.added", root.email, str(charlie.pk))]


def test_somebody_gets_another_role(root: User, bob: User, workspace: Workspace) -> None:
    people.set_role(person=bob.pk, workspace=workspace.pk, role=Role.OWNER, by=root)
    people.set_role(person=bob.pk, workspace=workspace.pk, role=Role.OWNER, by=root)
    assert role_of(bob, workspace) == Role.OWNER
    assert recorded() == [("member.role", root.email, str(bob.pk))]


def test_links_of_the_demoted_end(root: User, bob: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    invitations.invite(workspace=workspace, invited_by=bob, role=Role.MEMBER)
    people.set_role(person=bob.pk, workspace=workspace.pk, role=Role.VIEWER, by=root)
    assert not Invitation.objects.open().exists()


def test_somebody_is_taken_out(root: User, bob: User, workspace: Workspace) -> None:
    browser = signed_in(bob)
    people.remove(person=bob.pk, workspace=workspace.pk, by=root)
    assert browser.get("/w/harbour/").status_code == 404
    assert recorded() == [("member.removed", root.email, str(bob.pk))]


def test_an_orphan_gets_an_owner(root: User, alice: User, bob: User, workspace: Workspace) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)  # as before this rule was there
    people.set_role(person=bob.pk, workspace=workspace.pk, role=Role.OWNER, by=root)
    assert members.require_manager(bob, workspace).is_owner


@pytest.mark.parametrize("change", [{"is_personal": True}, {"deleted_at": timezone.now()}])
def test_not_in_a_personal_or_deleted_one(root: User, bob: User, workspace: Workspace, change: dict[str, Any]) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(**change)
    for act in (
        lambda: people.set_role(person=bob.pk, workspace=workspace.pk, role=Role.ADMIN, by=root),
        lambda: people.remove(person=bob.pk, workspace=workspace.pk, by=root),
        lambda: people.invite(workspace=workspace, role=Role.OWNER, note="", by=root),
    ):
        with pytest.raises((NotFound, PersonalWorkspace)):
            act()
    assert role_of(bob, workspace) == Role.MEMBER


def test_an_invitation_into_any_team(root: User, charlie: User, workspace: Workspace) -> None:
    _row, token = people.invite(workspace=workspace, role=Role.OWNER, note="for Charlie", by=root)
    signed_in(charlie).post(f"/invitations/{token}/")
    assert role_of(charlie, workspace) == Role.OWNER


def test_a_new_team(root: User, bob: User) -> None:
    made = people.create_workspace(name=" Night shift ", owner_email="BOB@example.org", by=root)
    assert (made.name, made.slug, role_of(bob, made)) == ("Night shift", "night-shift", Role.OWNER)
    assert recorded() == [("workspace.created", root.email, "")]


def test_no_team_without_an_owner(root: User) -> None:
    with pytest.raises(NoSuchPerson):
        people.create_workspace(name="Night shift", owner_email="nobody@example.org", by=root)
    assert not Workspace.objects.filter(slug="night-shift").exists()
