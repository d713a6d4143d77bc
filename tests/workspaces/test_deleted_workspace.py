"""A workspace that is marked as deleted is gone for everybody, by every door."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.documents.models import Document
from apps.documents.services import store_upload
from apps.workspaces import services
from apps.workspaces.invitations import InvitationGone, invite, open_invitation
from apps.workspaces.keys import create_key, find_key
from apps.workspaces.models import ApiKey, Invitation, Membership, Role, Workspace
from tests.conftest import make_workspace, signed_in

PAGES = ["/w/harbour/", "/w/harbour/people/", "/w/harbour/settings/", "/w/harbour/documents/", "/api/workspaces/harbour/documents"]


def delete(workspace: Workspace) -> None:
    """Mark it, as an administrator would in the database."""
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=timezone.now())


@pytest.mark.parametrize("path", PAGES)
def test_not_even_its_owner_finds_it(alice: User, workspace: Workspace, path: str) -> None:
    browser = signed_in(alice)
    assert browser.get(path).status_code == 200
    delete(workspace)
    assert browser.get(path).status_code == 404


def test_its_members_come_to_another_one(alice: User, workspace: Workspace) -> None:
    browser = signed_in(alice)
    browser.get("/w/harbour/")
    make_workspace("second", owner=alice)
    delete(workspace)
    assert browser.get("/").headers["Location"] == "/w/second/"


def test_no_list_names_it(alice: User, workspace: Workspace) -> None:
    make_workspace("second", owner=alice)
    create_key(user=alice, workspace=workspace, name="robot")
    delete(workspace)
    page = signed_in(alice).get("/w/second/documents/")
    assert [shown.slug for shown in page.context["workspaces"]] == ["second"]
    assert not ApiKey.objects.visible_to(alice).exists()
    assert Membership.objects.visible_to(alice).get().workspace.slug == "second"


def test_its_links_let_nobody_in(alice: User, workspace: Workspace) -> None:
    _row, token = invite(workspace=workspace, invited_by=alice, role=Role.MEMBER)
    delete(workspace)
    with pytest.raises(InvitationGone):
        open_invitation(token)
    assert not Invitation.objects.visible_to(alice).exists()


def test_its_keys_open_nothing(alice: User, workspace: Workspace, client: Client) -> None:
    _row, text = create_key(user=alice, workspace=workspace, name="robot")
    make_workspace("second", owner=alice)
    delete(workspace)
    assert find_key(text) is None
    for slug in ("harbour", "second"):
        path = f"/api/workspaces/{slug}/documents"
        assert client.get(path, headers={"Authorization": f"Bearer {text}"}).status_code == 401


def test_its_documents_are_nobodys(alice: User, workspace: Workspace) -> None:
    file = SimpleUploadedFile("a.txt", b"a")
    document = store_upload(workspace=workspace, added_by=alice, name="a.txt", file=file)
    delete(workspace)
    assert signed_in(alice).get(f"/d/{document.pk}/original/").status_code == 404
    assert not Document.objects.visible_to(alice).exists()


def test_no_command_finds_it_and_its_short_name_stays_taken(alice: User, workspace: Workspace) -> None:
    delete(workspace)
    with pytest.raises(services.NoSuchWorkspace):
        services.team_workspace("harbour")
    with pytest.raises(services.SlugTaken):
        services.create_workspace(name="Harbour", owner=alice, slug="harbour")
    assert services.free_slug("Harbour") == "harbour-2"
