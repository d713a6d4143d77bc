"""An archived workspace, by API: everything can be read, nothing changes."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apps.chat.models import Conversation, Generation
from apps.documents.models import Document, DocumentVersion
from apps.workspaces.models import Workspace
from tests.api.conftest import Program, refusal
from tests.api.test_documents import SHELF, named


@pytest.fixture
def archived(workspace: Workspace, document: Document, conversation: Conversation) -> dict[str, object]:
    """The ids of what is in it."""
    DocumentVersion.objects.update(status="failed")
    Workspace.objects.filter(pk=workspace.pk).update(archived_at=timezone.now())
    return {"document": document.pk, "talk": conversation.pk}


@pytest.mark.parametrize(
    "path", ["workspaces/harbour", SHELF, SHELF + "/{document}", "conversations/{talk}", "conversations/{talk}/messages"]
)
def test_it_can_be_read(api: Program, archived: dict[str, object], path: str) -> None:
    assert api.get(path.format(**archived)).status_code == 200


def test_it_says_so(api: Program, archived: object) -> None:
    assert api.get("workspaces").json()["results"][0]["is_archived"] is True


def test_it_can_be_searched(api: Program, archived: object) -> None:
    assert api.post("workspaces/harbour/search", {"query": "crane"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", SHELF + "/{document}/retry", None),
        ("delete", SHELF + "/{document}", None),
        ("post", "workspaces/harbour/conversations", {}),
        ("post", "workspaces/harbour/ask", {"text": "When?"}),
        ("post", "conversations/{talk}/messages", {"text": "When?"}),
        ("patch", "conversations/{talk}", {"title": "New"}),
        ("delete", "conversations/{talk}", None),
    ],
)
def test_nothing_in_it_changes(api: Program, archived: dict[str, object], method: str, path: str, body: object) -> None:
    send = getattr(api, method)
    answer = send(path.format(**archived)) if body is None else send(path.format(**archived), body)
    assert refusal(answer) == (409, "archived")
    assert (Conversation.objects.filter(deleted_at=None).count(), Generation.objects.count()) == (1, 0)
    assert Document.objects.get().deleted_at is None


def test_nothing_comes_into_it(api: Program, archived: object) -> None:
    assert refusal(api.upload(SHELF, file=named("new.txt", b"new"))) == (409, "archived")
    assert Document.objects.count() == 1
