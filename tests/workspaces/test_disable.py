"""Disable somebody: nothing lets them in any more. Enable them: they come back by what they know, not by what was left open."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import ResetLink, Session, User
from apps.workspaces import invitations, keys, people
from apps.workspaces.models import Membership, Role, Workspace
from tests.conftest import PASSWORD, signed_in
from tests.workspaces.administrators import recorded, role_of, root

__all__ = ["root"]


def test_sessions_end(root: User, bob: User, alice: User) -> None:
    browser, other = signed_in(bob), signed_in(alice)
    assert people.disable(people=[bob.pk], by=root) == 1
    assert (browser.get("/me/").status_code, other.get("/me/").status_code) == (302, 200)
    assert not Session.objects.filter(user=bob).exists()


def test_the_password_opens_no_door(root: User, bob: User, client: Client) -> None:
    people.disable(people=[bob.pk], by=root)
    answer = client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/accounts/inactive/"
    assert client.get("/me/").status_code == 302


def test_keys_are_refused(root: User, bob: User, workspace: Workspace) -> None:
    _row, key = keys.create_key(user=bob, workspace=workspace, name="robot")
    program = Client(headers={"Authorization": f"Bearer {key}"})
    assert program.get("/api/workspaces/harbour/documents").status_code == 200
    people.disable(people=[bob.pk], by=root)
    assert program.get("/api/workspaces/harbour/documents").status_code == 401


def test_links_that_they_made_end(root: User, bob: User, alice: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    tokens = [invitations.invite(workspace=workspace, invited_by=by, role=Role.MEMBER)[1] for by in (bob, alice)]
    people.disable(people=[bob.pk], by=root)
    assert [Client().get(f"/invitations/{token}/").status_code for token in tokens] == [404, 200]


def test_their_reset_link_ends(root: User, bob: User) -> None:
    token = people.make_reset_link(person=bob.pk, by=root)
    people.disable(people=[bob.pk], by=root)
    assert not ResetLink.objects.exists()
    assert Client().get(f"/reset/{token}/").status_code == 404


def test_several_at_once(root: User, bob: User, charlie: User) -> None:
    Workspace.objects.all().delete()
    assert people.disable(people=[bob.pk, charlie.pk], by=root) == 2
    assert people.disable(people=[bob.pk, charlie.pk], by=root) == 0
    assert sorted(recorded()) == sorted(("person.disabled", root.email, str(pk)) for pk in (bob.pk, charlie.pk))


def test_their_sockets_close_and_say_why(root: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr("apps.accounts.standing.shut_out", told.extend)
    people.disable(people=[bob.pk], by=root)
    assert told == [bob.pk]


def test_password_and_keys_work_again(root: User, bob: User, workspace: Workspace, client: Client) -> None:
    _row, key = keys.create_key(user=bob, workspace=workspace, name="robot")
    people.disable(people=[bob.pk], by=root)
    assert people.enable(people=[bob.pk], by=root) == 1
    assert client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD}).headers["Location"] == "/"
    assert Client(headers={"Authorization": f"Bearer {key}"}).get("/api/workspaces/harbour/documents").status_code == 200


def test_no_session_comes_back(root: User, bob: User) -> None:
    before = signed_in(bob)
    people.disable(people=[bob.pk], by=root)
    late = signed_in(bob)  # one that was under way
    people.enable(people=[bob.pk], by=root)
    assert (before.get("/me/").status_code, late.get("/me/").status_code) == (302, 302)


def test_no_invitation_comes_back(root: User, bob: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    _row, token = invitations.invite(workspace=workspace, invited_by=bob, role=Role.MEMBER)
    people.disable(people=[bob.pk], by=root)
    people.enable(people=[bob.pk], by=root)
    assert Client().get(f"/invitations/{token}/").status_code == 404


def test_places_are_as_they_were(root: User, bob: User, workspace: Workspace) -> None:
    people.disable(people=[bob.pk], by=root)
    people.enable(people=[bob.pk], by=root)
    assert role_of(bob, workspace) == Role.MEMBER
    assert [action for action, _actor, _target in recorded()] == ["person.disabled", "person.enabled"]
