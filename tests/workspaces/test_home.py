"""Where the front door leads."""

from __future__ import annotations

from django.test import Client

from apps.accounts.models import User
from apps.workspaces.models import Workspace
from apps.workspaces.page import LAST_WORKSPACE
from tests.conftest import make_workspace, signed_in


def test_a_stranger_comes_to_the_sign_in(alice: User, client: Client) -> None:
    assert client.get("/").headers["Location"] == "/accounts/login/"


def test_a_person_comes_to_their_team(alice: User, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=make_workspace("alice", owner=alice).pk).update(is_personal=True)
    assert signed_in(alice).get("/").headers["Location"] == "/w/harbour/"


def test_a_person_comes_to_where_they_were_last(alice: User, workspace: Workspace) -> None:
    make_workspace("night-shift", owner=alice)
    client = signed_in(alice)
    client.get("/w/night-shift/")
    assert client.get("/").headers["Location"] == "/w/night-shift/"


def test_a_workspace_that_one_left_is_not_the_last(alice: User, charlie: User, workspace: Workspace) -> None:
    client = signed_in(charlie)
    session = client.session
    session[LAST_WORKSPACE] = str(workspace.pk)
    session.save()
    assert client.get("/").headers["Location"] == "/w/elsewhere/"


def test_a_person_without_any_comes_to_their_own_page(alice: User) -> None:
    assert signed_in(alice).get("/").headers["Location"] == "/me/"
