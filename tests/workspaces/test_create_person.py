"""A new person, made by an administrator, who chooses their own password."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import BadEmail, Details, EmailTaken
from apps.audit.models import Event
from apps.workspaces import people
from apps.workspaces.invitations import PersonalWorkspace
from apps.workspaces.models import Role, Workspace
from tests.conftest import PASSWORD
from tests.workspaces.administrators import recorded, root

__all__ = ["root"]

NEW = "staple battery horse"


def test_by_the_link_they_sign_in(root: User, workspace: Workspace, client: Client) -> None:
    dora, token = people.create(Details("Dora@Example.org", name="Dora"), workspace=workspace, role=Role.VIEWER, by=root)
    assert not dora.has_usable_password()
    client.get(f"/reset/{token}/")
    assert client.post("/reset/", {"password": NEW}).headers["Location"] == "/"
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/w/harbour/"
    assert set(dora.memberships.values_list("workspace__slug", "role")) == {("harbour", "viewer"), ("dora", "owner")}


def test_without_a_workspace_they_have_their_own(root: User) -> None:
    dora, _token = people.create(Details("dora@example.org"), workspace=None, role=Role.MEMBER, by=root)
    assert list(dora.memberships.values_list("workspace__is_personal", flat=True)) == [True]


@pytest.mark.parametrize("password", ["", " ", "!", PASSWORD])
def test_before_that_no_password_opens(root: User, client: Client, password: str) -> None:
    people.create(Details("dora@example.org"), workspace=None, role=Role.MEMBER, by=root)
    client.post("/accounts/login/", {"login": "dora@example.org", "password": password})
    assert client.get("/me/").status_code == 302


@pytest.mark.parametrize(("email", "error"), [("bob@example.org", EmailTaken), ("BOB@example.org", EmailTaken), ("bob", BadEmail)])
def test_a_bad_address_makes_nobody(root: User, bob: User, email: str, error: type[Exception]) -> None:
    before = (User.objects.count(), Workspace.objects.count())
    with pytest.raises(error):
        people.create(Details(email), workspace=None, role=Role.MEMBER, by=root)
    assert (User.objects.count(), Workspace.objects.count()) == before


def test_nobody_is_put_into_a_personal_workspace(root: User, workspace: Workspace) -> None:
    Workspace.objects.update(is_personal=True)
    with pytest.raises(PersonalWorkspace):
        people.create(Details("dora@example.org"), workspace=workspace, role=Role.MEMBER, by=root)
    assert not User.objects.filter(email="dora@example.org").exists()


def test_it_is_on_record_as_the_administrators(root: User, workspace: Workspace) -> None:
    dora, token = people.create(Details("dora@example.org"), workspace=workspace, role=Role.MEMBER, by=root)
    done = {(action, actor) for action, actor, target in recorded() if target == str(dora.pk)}
    assert done == {(action, root.email) for action in ("person.added", "member.added", "reset_link.made")}
    assert token not in str(list(Event.objects.values()))
