"""Files, by API."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings

from apps.accounts.models import User
from apps.documents.models import Document, DocumentVersion
from apps.workspaces.models import Membership, Role, Workspace
from tests.api.conftest import Program, put_file, refusal

SHELF = "workspaces/harbour/documents"
Body = dict[str, Any]


def named(name: str, content: bytes = b"The crane is closed on Sundays.") -> BytesIO:
    """A file to send."""
    file = BytesIO(content)
    file.name = name
    return file


def listed(api: Program, **query: Any) -> Body:
    """A page of the shelf."""
    answer = api.get(SHELF, **query)
    assert answer.status_code == 200
    page: Body = answer.json()
    return page


def test_an_upload_is_taken_and_queued(api: Program, alice: User) -> None:
    answer = api.upload(SHELF, file=named("crane.txt"))
    body: Body = answer.json()
    assert answer.status_code == 202
    assert set(body) == {"id", "name", "title", "status", "reason", "reason_code", "warnings", "kind", "pages", "size", "created_at"}
    assert (body["name"], body["status"], body["size"]) == ("crane.txt", "queued", 31)
    assert Document.objects.get(pk=body["id"]).added_by == alice


def test_the_same_bytes_are_told(api: Program) -> None:
    first = api.upload(SHELF, file=named("crane.txt")).json()
    again = api.upload(SHELF, file=named("copy.txt"))
    assert refusal(again) == (409, "duplicate")
    assert again.json()["error"]["document"] == {"id": first["id"], "name": "crane.txt"}
    assert Document.objects.count() == 1


def test_an_empty_file_is_refused(api: Program) -> None:
    assert refusal(api.upload(SHELF, file=named("empty.txt", b""))) == (400, "empty_file")
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a/b/c.txt", "%2e%2e%2fx", "nul\0.txt", "x" * 300 + ".txt", "‮fdp.exe", "ä.txt"],
)
def test_a_hostile_name_is_only_a_name(api: Program, name: str) -> None:
    body: Body = api.upload(SHELF, file=named(name)).json()
    assert "/" not in body["name"]
    assert "\\" not in body["name"]
    assert "\0" not in body["name"]
    key = DocumentVersion.objects.get().storage_key
    assert name not in key
    assert ".." not in key


@pytest.mark.parametrize("fields", [{}, {"file": "text"}, {"data": named("x.txt")}])
def test_a_form_without_a_file_is_refused(api: Program, fields: Body) -> None:
    assert refusal(api.upload(SHELF, **fields)) == (422, "invalid")


@pytest.mark.parametrize("field", ["id", "workspace", "added_by", "status", "storage_key", "title"])
def test_other_fields_are_refused(api: Program, field: str) -> None:
    assert refusal(api.upload(SHELF, file=named("crane.txt"), **{field: "x"})) == (422, "invalid")
    assert not Document.objects.exists()


def test_two_files_at_once_are_refused(api: Program) -> None:
    assert refusal(api.upload(SHELF, file=[named("a.txt"), named("b.txt", b"other")])) == (422, "invalid")
    assert not Document.objects.exists()


def test_a_broken_form_is_refused(api: Program) -> None:
    answer = api.client.post(f"/api/{SHELF}", b"--x\r\nbroken", content_type="multipart/form-data; boundary=")
    assert refusal(answer) == (400, "unreadable_form")


@override_settings(UPLOAD_MAX_BYTES=10)
def test_a_file_over_the_limit_is_refused(api: Program) -> None:
    assert refusal(api.upload(SHELF, file=named("crane.txt"))) == (413, "file_too_large")
    assert not Document.objects.exists()


def test_a_viewer_uploads_nothing(colleague: Program, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    assert refusal(colleague.upload(SHELF, file=named("crane.txt"))) == (403, "forbidden")
    assert not Document.objects.exists()


def test_the_shelf_lists_the_newest_first(api: Program, alice: User, workspace: Workspace) -> None:
    files = [put_file(workspace, alice, f"{number}.txt", f"file {number}".encode()) for number in range(3)]
    page = listed(api)
    assert [result["id"] for result in page["results"]] == [str(file.pk) for file in reversed(files)]
    assert page["next"] is None


def test_the_shelf_comes_in_pages(api: Program, alice: User, workspace: Workspace) -> None:
    for number in range(5):
        put_file(workspace, alice, f"{number}.txt", f"file {number}".encode())
    names, cursor = [], ""
    while cursor is not None:
        page = listed(api, limit=2, **({"cursor": cursor} if cursor else {}))
        names += [result["name"] for result in page["results"]]
        cursor = page["next"]
    assert names == ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"]


def test_the_shelf_is_filtered_by_status(api: Program, alice: User, workspace: Workspace) -> None:
    put_file(workspace, alice, "waiting.txt", b"waiting")
    DocumentVersion.objects.filter(document=put_file(workspace, alice, "read.txt", b"read")).update(status="ready")
    assert [result["name"] for result in listed(api, status="ready")["results"]] == ["read.txt"]
    assert [result["name"] for result in listed(api, status="queued")["results"]] == ["waiting.txt"]


def test_the_shelf_is_filtered_by_name(api: Program, alice: User, workspace: Workspace) -> None:
    for name in ("Lease 2026.txt", "100%.txt", "crane.txt"):
        put_file(workspace, alice, name, name.encode())
    for part, names in {"lease": ["Lease 2026.txt"], "%": ["100%.txt"], "e": ["crane.txt", "Lease 2026.txt"], "_": []}.items():
        assert [result["name"] for result in listed(api, name=part)["results"]] == names


@pytest.mark.parametrize(
    "query",
    [
        {"name": "\0"},
        {"name": "x" * 256},
        {"limit": 0},
        {"limit": 1001},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": "' OR 1=1"},
        {"status": "gone"},
        {"status": "\0"},
    ],
)
def test_a_wrong_page_is_refused(api: Program, query: Body) -> None:
    answer = api.get(SHELF, **query)
    assert refusal(answer) == (422, "invalid")
    assert set(answer.json()["error"]["fields"]) == set(query)


def test_one_document_is_told(api: Program, document: Document) -> None:
    body: Body = api.get(f"{SHELF}/{document.pk}").json()
    assert (body["id"], body["name"]) == (str(document.pk), "notes.txt")


@pytest.mark.parametrize("pk", [uuid4(), "x", "00000000-0000-0000-0000-000000000000", "%00"])
def test_a_missing_document_is_not_found(api: Program, pk: object) -> None:
    assert refusal(api.get(f"{SHELF}/{pk}")) == (404, "not_found")
    assert refusal(api.delete(f"{SHELF}/{pk}")) == (404, "not_found")


def test_a_removed_document_is_gone_and_can_come_back(api: Program, document: Document) -> None:
    path = f"{SHELF}/{document.pk}"
    assert api.delete(path).status_code == 204
    assert refusal(api.get(path)) == (404, "not_found")
    assert listed(api)["results"] == []
    assert api.post(f"{path}/restore").status_code == 202
    assert api.get(path).status_code == 200


def test_only_what_was_removed_comes_back(api: Program, document: Document) -> None:
    assert refusal(api.post(f"{SHELF}/{document.pk}/restore")) == (404, "not_found")


def test_a_failed_document_is_tried_again(api: Program, document: Document) -> None:
    assert refusal(api.post(f"{SHELF}/{document.pk}/retry")) == (409, "not_retryable")
    DocumentVersion.objects.update(status="failed", reason="It was empty.")
    body: Body = api.post(f"{SHELF}/{document.pk}/retry").json()
    assert (body["status"], body["reason"]) == ("queued", "")
