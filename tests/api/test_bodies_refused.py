"""Bodies that are none: each gets a clear error and leaves no trace."""

from __future__ import annotations

import pytest

from apps.chat.models import Conversation, Generation, Message
from tests.api.conftest import Program, refusal

WRONG = [b"", b"null", b"[]", b"[1]", b'"x"', b"7", b"true"]
UNREADABLE = [b"{", b"{'text': 1}", b"\xff\xfe{}", b'{"text": "\xff"}', b"\0", b"[" * 100_000, b'{"text": NaN', b'{"limit": NaN}']
DOUBLE = [b'{"text": "a", "text": "b"}', b'{"query": "a", "query": "b"}', b'{"title": {"a": 1, "a": 2}}']
PATHS = ["workspaces/harbour/search", "conversations/{pk}/messages"]


def send(api: Program, path: str, body: bytes) -> tuple[int, str]:
    """What the door answers to raw bytes."""
    return refusal(api.client.post(f"/api/{path}", body, content_type="application/json"))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", WRONG)
def test_json_of_another_kind(api: Program, conversation: Conversation, path: str, body: bytes) -> None:
    assert send(api, path.format(pk=conversation.pk), body)[0] in {400, 422}
    assert not Message.objects.exists()


@pytest.mark.parametrize("path", [*PATHS, "workspaces/harbour/conversations"])
@pytest.mark.parametrize("body", UNREADABLE + DOUBLE)
def test_no_json_at_all(api: Program, conversation: Conversation, path: str, body: bytes) -> None:
    assert send(api, path.format(pk=conversation.pk), body) == (400, "unreadable")
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize("body", [b"[]", b'"x"', b'{"title": 7}', b'{"title": "a\\u0000"}', b'{"title": "\\ud800"}'])
def test_a_wrong_new_conversation(api: Program, body: bytes) -> None:
    assert send(api, "workspaces/harbour/conversations", body) == (422, "invalid")
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("field", ["id", "workspace", "author", "owner", "role", "audience", "is_superuser", "created_at", "deleted_at"])
def test_fields_of_the_row_are_refused(api: Program, conversation: Conversation, field: str) -> None:
    assert refusal(api.post("workspaces/harbour/conversations", {field: "x"})) == (422, "invalid")
    assert refusal(api.post(f"conversations/{conversation.pk}/messages", {"text": "When?", field: "x"})) == (422, "invalid")
    assert (Conversation.objects.count(), Generation.objects.count()) == (1, 0)


@pytest.mark.parametrize("path", ["", "nothing", "people", "workspaces/../x/documents", "v2/workspaces", "docs/x"])
def test_an_unknown_address(api: Program, path: str) -> None:
    assert refusal(api.get(path)) == (404, "not_found")


@pytest.mark.parametrize("path", ["workspaces/%00/documents", "workspaces/a'b/documents", "runs/7/events", "conversations/x/messages"])
def test_an_address_with_an_impossible_id(api: Program, path: str) -> None:
    assert refusal(api.get(path)) == (404, "not_found")


def test_a_method_that_is_not_taken(api: Program) -> None:
    answer = api.client.put("/api/workspaces/harbour/documents", {}, content_type="application/json")
    assert refusal(answer) == (405, "not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST"}


def test_a_mistake_of_ours(api: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.documents.page_of", None)
    api.client.raise_request_exception = False
    assert refusal(api.get("workspaces/harbour/documents")) == (500, "internal")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"])
def test_a_body_of_another_kind(api: Program, conversation: Conversation, media: str) -> None:
    answer = api.client.generic("POST", f"/api/conversations/{conversation.pk}/messages", b'{"text": "When?"}', content_type=media)
    assert refusal(answer) == (415, "media_type")
    assert not Message.objects.exists()


def test_an_empty_body_needs_no_kind(api: Program) -> None:
    assert api.client.generic("POST", "/api/workspaces/harbour/conversations", b"", content_type="text/plain").status_code == 201
