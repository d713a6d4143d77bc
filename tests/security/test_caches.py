"""No cache between us and a person keeps what is theirs."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.documents.models import Document
from apps.workspaces.models import Workspace
from tests.api.conftest import program_of, put_file
from tests.conftest import signed_in

PAGES = ["/", "/w/harbour/", "/w/harbour/documents/", "/w/harbour/people/", "/w/harbour/settings/", "/me/", "/me/keys/", "/c/nothing/"]


@pytest.fixture
def document(alice: User, workspace: Workspace) -> Document:
    """A file of the team."""
    return put_file(workspace, alice)


def is_kept_by_nobody(answer: object) -> bool:
    """Whether every cache has been told to keep nothing of it."""
    told = getattr(answer, "headers", {}).get("Cache-Control", "")
    return {"private", "no-store"} <= {part.strip() for part in told.split(",")}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_not_kept(alice: User, workspace: Workspace, path: str) -> None:
    assert is_kept_by_nobody(signed_in(alice).get(path))


@pytest.mark.parametrize("path", ["/d/{}/", "/d/{}/pages/1/", "/d/{}/original/"])
def test_a_file_is_not_kept(alice: User, document: Document, path: str) -> None:
    assert is_kept_by_nobody(signed_in(alice).get(path.format(document.pk)))


@pytest.mark.parametrize("path", ["workspaces/harbour/documents", "workspaces/harbour/conversations", "workspaces/elsewhere/documents"])
def test_what_a_program_gets_is_not_kept(alice: User, workspace: Workspace, path: str) -> None:
    assert is_kept_by_nobody(program_of(alice, workspace).get(path))


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/invitations/x/", "/api/nothing", "/healthz"])
def test_what_a_stranger_gets_is_not_kept(installation: object, client: Client, path: str) -> None:
    assert is_kept_by_nobody(client.get(path))
