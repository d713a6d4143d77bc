"""Every door of the API, tried by somebody who should find it shut."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.chat.models import Conversation, Generation
from apps.chat.services import ask
from apps.documents.models import Document
from apps.workspaces.models import Workspace
from tests.api.conftest import Program, program_of, refusal
from tests.conftest import make_workspace, signed_in

IN_A_WORKSPACE = [
    ("get", "workspaces/{slug}", None),
    ("get", "workspaces/{slug}/people", None),
    ("get", "workspaces/{slug}/documents", None),
    ("get", "workspaces/{slug}/documents/{document}", None),
    ("delete", "workspaces/{slug}/documents/{document}", None),
    ("post", "workspaces/{slug}/documents/{document}/restore", None),
    ("post", "workspaces/{slug}/documents/{document}/retry", None),
    ("post", "workspaces/{slug}/search", {"query": "crane"}),
    ("get", "workspaces/{slug}/conversations", None),
    ("post", "workspaces/{slug}/ask", {"text": "And?"}),
    ("post", "workspaces/{slug}/conversations", {}),
]
OF_ONE_PERSON = [
    ("get", "conversations/{conversation}", None),
    ("patch", "conversations/{conversation}", {"title": "Mine"}),
    ("delete", "conversations/{conversation}", None),
    ("post", "conversations/{conversation}/restore", None),
    ("get", "conversations/{conversation}/messages", None),
    ("post", "conversations/{conversation}/messages", {"text": "And?"}),
    ("get", "runs/{run}/events", None),
    ("delete", "runs/{run}", None),
]


@pytest.fixture
def ids(document: Document, conversation: Conversation, alice: User) -> dict[str, object]:
    """What Alice has."""
    run = ask(workspace=conversation.workspace, conversation=conversation, asked_by=alice, text="When?", key="first")
    return {"slug": "harbour", "document": document.pk, "conversation": conversation.pk, "run": run.pk}


def knock(program: Program, method: str, path: str, body: object) -> tuple[int, str]:
    """What the door answers."""
    return refusal(getattr(program, method)(path) if body is None else getattr(program, method)(path, body))


@pytest.mark.parametrize(("method", "path", "body"), IN_A_WORKSPACE + OF_ONE_PERSON)
def test_a_stranger_finds_nothing(stranger: Program, ids: dict[str, object], method: str, path: str, body: object) -> None:
    assert knock(stranger, method, path.format(**ids), body) == (404, "not_found")
    assert (Generation.objects.count(), Conversation.objects.count()) == (1, 1)
    assert Generation.objects.get().status == "queued"
    assert Document.objects.get().deleted_at is None


@pytest.mark.parametrize(("method", "path", "body"), IN_A_WORKSPACE[3:7])
def test_foreign_documents_are_not_found_in_ones_own_workspace(
    stranger: Program, ids: dict[str, object], method: str, path: str, body: object
) -> None:
    assert knock(stranger, method, path.format(**ids | {"slug": "elsewhere"}), body) == (404, "not_found")


@pytest.mark.parametrize(("method", "path", "body"), OF_ONE_PERSON)
def test_a_colleague_finds_no_conversation_of_hers(
    colleague: Program, ids: dict[str, object], method: str, path: str, body: object
) -> None:
    assert knock(colleague, method, path.format(**ids), body) == (404, "not_found")
    assert Generation.objects.get().status == "queued"


def test_a_colleague_lists_his_own_conversations_only(colleague: Program, bob: User, workspace: Workspace, conversation: object) -> None:
    his = Conversation.objects.create(workspace=workspace, author=bob)
    results = colleague.get("workspaces/harbour/conversations").json()["results"]
    assert [result["id"] for result in results] == [str(his.pk)]


@pytest.mark.parametrize(("method", "path", "body"), OF_ONE_PERSON)
def test_a_key_for_another_workspace_finds_none_of_ones_own(
    alice: User, ids: dict[str, object], method: str, path: str, body: object
) -> None:
    elsewhere = program_of(alice, make_workspace("night-shift", owner=alice))
    assert knock(elsewhere, method, path.format(**ids), body) == (404, "not_found")


@pytest.mark.parametrize(("method", "path", "body"), IN_A_WORKSPACE + OF_ONE_PERSON)
def test_without_a_key_nothing_is_there(client: Client, ids: dict[str, object], method: str, path: str, body: object) -> None:
    answer = getattr(client, method)(f"/api/{path.format(**ids)}", **({"data": body, "content_type": "application/json"} if body else {}))
    assert refusal(answer) == (401, "unauthorized")


def test_a_stranger_uploads_nothing(stranger: Program, workspace: Workspace) -> None:
    answer = stranger.client.post("/api/workspaces/harbour/documents", {})
    assert answer.status_code in {404, 422}
    assert not Document.objects.exists()


@pytest.mark.parametrize("path", ["/w/harbour/", "/w/harbour/documents/", "/w/harbour/people/", "/w/harbour/settings/"])
def test_a_strangers_browser_finds_no_page(charlie: User, workspace: Workspace, path: str) -> None:
    assert signed_in(charlie).get(path).status_code == 404


def test_nobodys_browser_finds_her_conversation(bob: User, charlie: User, conversation: Conversation) -> None:
    for person in (bob, charlie):
        assert signed_in(person).get(f"/c/{conversation.pk}/").status_code == 404
