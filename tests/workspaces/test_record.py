"""What was done to people and keys is on record, without secrets."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import Event
from apps.workspaces import invitations, keys, members
from apps.workspaces.models import Membership, Role, Workspace
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.workspaces.members.end_sockets", lambda _user: None)


def recorded() -> list[tuple[str, str]]:
    """Action and actor of all events, oldest first."""
    return list(Event.objects.order_by("pk").values_list("action", "actor__email"))


def test_the_first_run(db: None, client: Client) -> None:
    client.post("/setup/", {"workspace": "Team", "name": "Alice", "email": "alice@example.org", "password": PASSWORD})
    alice = "alice@example.org"
    assert recorded() == [
        ("person.added", alice),
        ("workspace.created", alice),
        ("workspace.created", alice),
        ("installation.set_up", alice),
    ]


def test_an_invitation_and_who_took_it_up(alice: User, charlie: User, workspace: Workspace) -> None:
    _row, token = invitations.invite(workspace=workspace, invited_by=alice, role=Role.VIEWER)
    invitations.accept(token=token, user=charlie)
    assert recorded() == [
        ("invitation.made", "alice@example.org"), ("invitation.accepted", "charlie@example.org"), ("member.added", "charlie@example.org"),
    ]  # fmt: skip
    assert token not in str(list(Event.objects.values()))


def test_a_change_of_role_and_a_removal(alice: User, bob: User, workspace: Workspace) -> None:
    bobs = Membership.objects.get(user=bob).pk
    members.change_role(workspace=workspace, changed_by=alice, member=bobs, role=Role.VIEWER)
    members.remove_member(workspace=workspace, removed_by=alice, member=bobs)
    assert recorded() == [("member.role", "alice@example.org"), ("member.removed", "alice@example.org")]
    assert {event.target for event in Event.objects.all()} == {str(bob.pk)}


def test_a_key_and_its_end(alice: User, workspace: Workspace) -> None:
    row, text = keys.create_key(user=alice, workspace=workspace, name="robot")
    keys.revoke_key(user=alice, key=row.pk)
    assert recorded() == [("key.created", "alice@example.org"), ("key.revoked", "alice@example.org")]
    assert text not in str(list(Event.objects.values()))


def test_what_was_refused_is_not_on_record(bob: User, workspace: Workspace, client: Client) -> None:
    client.force_login(bob)
    client.post("/w/harbour/people/", {"action": "invite", "role": "viewer"})
    client.post("/w/harbour/people/", {"action": "remove", "membership": Membership.objects.exclude(user=bob).get().pk})
    assert recorded() == []
