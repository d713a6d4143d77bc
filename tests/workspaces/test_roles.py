"""Who gets what from each page about people: every role, every page, every button."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.workspaces.invitations import invite
from apps.workspaces.models import Invitation, Membership, Role, Workspace
from tests.conftest import make_person, make_workspace, signed_in

ROLES = ("owner", "admin", "member", "viewer", "stranger", "nobody")
# What each of ROLES gets, in their order.
TABLE: list[tuple[str, str, dict[str, Any], tuple[int, ...]]] = [
    ("get", "/w/harbour/people/", {}, (200, 200, 200, 200, 404, 302)),
    ("get", "/w/harbour/settings/", {}, (200, 200, 200, 200, 404, 302)),
    ("get", "/w/harbour/", {}, (200, 200, 200, 200, 404, 302)),
    ("get", "/w/harbour/documents/", {}, (200, 200, 200, 200, 404, 302)),
    ("get", "/me/", {}, (200, 200, 200, 200, 200, 302)),
    ("get", "/me/keys/", {}, (200, 200, 200, 200, 200, 302)),
    ("post", "/w/harbour/settings/", {"name": "New", "answering": "best", "language": "en"}, (302, 302, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "invite", "role": "viewer"}, (302, 302, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "invite", "role": "admin"}, (302, 302, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "invite", "role": "owner"}, (302, 403, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "revoke", "invitation": "{invitation}"}, (302, 302, 404, 404, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "role", "membership": "{target}", "role": "viewer"}, (302, 302, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "role", "membership": "{target}", "role": "owner"}, (302, 403, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "role", "membership": "{founder}", "role": "member"}, (302, 403, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "remove", "membership": "{target}"}, (302, 302, 403, 403, 404, 302)),
    ("post", "/w/harbour/people/", {"action": "remove", "membership": "{founder}"}, (302, 403, 403, 403, 404, 302)),
]


@pytest.fixture
def team(workspace: Workspace, charlie: User, monkeypatch: pytest.MonkeyPatch) -> dict[str, Client]:
    """A browser for each role. Alice, the founder, and Bob, a member, are whom the buttons speak of."""
    monkeypatch.setattr("apps.workspaces.members.end_sockets", lambda _user: None)
    browsers = {"stranger": signed_in(charlie), "nobody": Client()}
    for role in Role.values:
        person = make_person(f"The {role}".replace(" ", ""))
        Membership.objects.create(workspace=workspace, user=person, role=role)
        browsers[role] = signed_in(person)
    return browsers


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "fields", "statuses"), TABLE)
def test_each_role_gets_what_the_table_says(
    team: dict[str, Client], workspace: Workspace, *, method: str, path: str, fields: dict[str, str], statuses: tuple[int, ...], role: str
) -> None:
    alice, bob = (Membership.objects.get(workspace=workspace, user__email=f"{name}@example.org") for name in ("alice", "bob"))
    made, _token = invite(workspace=workspace, invited_by=alice.user, role=Role.VIEWER)
    rows = {"target": bob.pk, "founder": alice.pk, "invitation": made.pk}
    before = state(workspace)
    answer = getattr(team[role], method)(path, {name: value.format(**rows) for name, value in fields.items()})
    assert answer.status_code == statuses[ROLES.index(role)]
    if answer.status_code in {403, 404} or role == "nobody":
        assert state(workspace) == before


def state(workspace: Workspace) -> list[Any]:
    """Everything that the table's buttons could change."""
    people = workspace.memberships.order_by("pk").values_list("pk", "role")
    links = Invitation.objects.order_by("pk").values_list("pk", "revoked_at", "role")
    return [list(people), list(links), Workspace.objects.values_list("name", "answering").get(pk=workspace.pk)]


def test_a_role_elsewhere_is_no_role_here(charlie: User, alice: User, workspace: Workspace) -> None:
    make_workspace("third", owner=charlie, admin=alice)
    assert signed_in(charlie).post("/w/harbour/people/", {"action": "invite", "role": "viewer"}).status_code == 404


def test_an_administrator_of_the_installation_is_a_stranger_too(charlie: User, workspace: Workspace) -> None:
    User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    assert signed_in(charlie).get("/w/harbour/people/").status_code == 404
