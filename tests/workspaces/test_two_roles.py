"""Somebody who owns one workspace and only looks into another has in each the rights of that one."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.core.errors import Forbidden
from apps.documents.models import Document
from apps.documents.services import remove, store_upload
from apps.workspaces import members
from apps.workspaces.models import Invitation, Membership, Role, Workspace
from tests.conftest import make_person, make_workspace, signed_in


@pytest.fixture(params=["first", "last"])
def dora(request: pytest.FixtureRequest, workspace: Workspace) -> User:
    """A viewer of the team who owns a workspace of her own, made before or after she joined."""
    person = make_person("Dora")
    if request.param == "first":
        make_workspace("doras", owner=person)
    workspace.memberships.create(user=person, role=Role.VIEWER)
    if request.param == "last":
        make_workspace("doras", owner=person)
    return person


@pytest.fixture
def browser(dora: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Dora's browser."""
    monkeypatch.setattr("apps.workspaces.members.end_sockets", lambda _person: None)
    return signed_in(dora)


def test_each_place_is_found_by_its_workspace(dora: User, workspace: Workspace) -> None:
    doras = Workspace.objects.get(slug="doras")
    assert members.membership_of(dora, workspace).role == Role.VIEWER
    assert members.membership_of(dora, doras).role == Role.OWNER


def test_managing_the_one_is_not_managing_the_other(dora: User, workspace: Workspace) -> None:
    assert members.require_manager(dora, Workspace.objects.get(slug="doras")).role == Role.OWNER
    with pytest.raises(Forbidden):
        members.require_manager(dora, workspace)


def test_she_invites_nobody_into_the_team(browser: Client, workspace: Workspace) -> None:
    assert browser.post("/w/harbour/people/", {"action": "invite", "role": "member"}).status_code == 403
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("change", [{"action": "role", "role": "viewer"}, {"action": "remove"}])
def test_she_changes_nobody_of_the_team(browser: Client, workspace: Workspace, bob: User, change: dict[str, str]) -> None:
    bobs = Membership.objects.get(user=bob, workspace=workspace)
    assert browser.post("/w/harbour/people/", {**change, "membership": bobs.pk}).status_code == 403
    assert Membership.objects.get(pk=bobs.pk).role == Role.MEMBER


@pytest.mark.parametrize("change", [{"action": "role", "role": "viewer"}, {"action": "remove"}])
def test_people_of_the_team_are_not_in_her_own(browser: Client, workspace: Workspace, bob: User, change: dict[str, str]) -> None:
    bobs = Membership.objects.get(user=bob, workspace=workspace)
    assert browser.post("/w/doras/people/", {**change, "membership": bobs.pk}).status_code == 404
    assert Membership.objects.get(pk=bobs.pk).role == Role.MEMBER


def test_she_does_not_raise_herself(browser: Client, workspace: Workspace, dora: User) -> None:
    hers = Membership.objects.get(user=dora, workspace=workspace)
    for address in ("/w/harbour/people/", "/w/doras/people/"):
        browser.post(address, {"action": "role", "role": "owner", "membership": hers.pk})
    hers.refresh_from_db()
    assert hers.role == Role.VIEWER


def test_she_sets_nothing_of_the_team(browser: Client, workspace: Workspace) -> None:
    wanted = {"name": "Doras harbour", "answering": "best", "language": "en"}
    assert browser.post("/w/harbour/settings/", wanted).status_code == 403
    assert browser.post("/w/doras/settings/", wanted).status_code == 302
    assert list(Workspace.objects.order_by("slug").values_list("slug", "name")) == [("doras", "Doras harbour"), ("harbour", "Harbour")]


def test_she_puts_nothing_on_the_teams_shelf(dora: User, browser: Client, workspace: Workspace) -> None:
    for slug, status in (("harbour", 403), ("doras", 202)):
        file = SimpleUploadedFile("a.txt", b"a")
        assert browser.post(f"/api/workspaces/{slug}/documents", {"file": file}).status_code == status
    assert Document.objects.get().workspace.slug == "doras"


def test_she_takes_nothing_off_it(dora: User, browser: Client, workspace: Workspace, alice: User) -> None:
    document = store_upload(workspace=workspace, added_by=alice, name="a.txt", file=SimpleUploadedFile("a.txt", b"a"))
    assert browser.delete(f"/api/workspaces/harbour/documents/{document.pk}").status_code == 403
    assert browser.delete(f"/api/workspaces/doras/documents/{document.pk}").status_code == 404
    with pytest.raises(Forbidden):
        remove(document=document, removed_by=dora)
    assert Document.objects.visible_to(dora).get() == document


def test_leaving_the_team_she_keeps_her_own(browser: Client, workspace: Workspace, dora: User) -> None:
    hers = Membership.objects.get(user=dora, workspace=workspace)
    assert browser.post("/w/harbour/people/", {"action": "remove", "membership": hers.pk}).headers["Location"] == "/"
    assert browser.get("/").headers["Location"] == "/w/doras/"
    assert browser.get("/w/harbour/").status_code == 404


def test_the_last_owner_of_one_is_not_saved_by_owners_of_another(browser: Client, dora: User) -> None:
    hers = Membership.objects.get(user=dora, workspace__slug="doras")
    browser.post("/w/doras/people/", {"action": "remove", "membership": hers.pk})
    hers.refresh_from_db()
    assert hers.role == Role.OWNER
