"""The document that programs read, and its page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from apps.workspaces.models import Installation, Workspace

Operation = dict[str, Any]
# What clients are built on: a name that is here stays.
OPERATIONS = {
    "GET /api/me": "get_me",
    "GET /api/keys": "list_keys",
    "DELETE /api/keys/{pk}": "revoke_key",
    "GET /api/workspaces": "list_workspaces",
    "GET /api/workspaces/{slug}": "get_workspace",
    "GET /api/workspaces/{slug}/people": "list_people",
    "GET /api/workspaces/{slug}/documents": "list_documents",
    "POST /api/workspaces/{slug}/documents": "upload_document",
    "GET /api/workspaces/{slug}/documents/{pk}": "get_document",
    "DELETE /api/workspaces/{slug}/documents/{pk}": "remove_document",
    "POST /api/workspaces/{slug}/documents/{pk}/restore": "restore_document",
    "POST /api/workspaces/{slug}/documents/{pk}/retry": "retry_document",
    "POST /api/workspaces/{slug}/search": "search",
    "GET /api/workspaces/{slug}/conversations": "list_conversations",
    "POST /api/workspaces/{slug}/conversations": "create_conversation",
    "GET /api/conversations/{pk}": "get_conversation",
    "PATCH /api/conversations/{pk}": "rename_conversation",
    "DELETE /api/conversations/{pk}": "delete_conversation",
    "POST /api/conversations/{pk}/restore": "restore_conversation",
    "GET /api/conversations/{pk}/messages": "list_messages",
    "POST /api/conversations/{pk}/messages": "ask",
    "POST /api/workspaces/{slug}/ask": "ask_and_follow",
    "GET /api/runs/{pk}/events": "follow_run",
    "DELETE /api/runs/{pk}": "stop_run",
}
ALWAYS = {"401", "429", "503"}


@pytest.fixture
def document(installation: Installation, client: Client) -> Any:
    """The document, as anybody gets it."""
    return client.get("/api/openapi.json", headers={"Accept-Language": "de"}).json()


@pytest.fixture
def operations(document: Any) -> list[tuple[str, Operation]]:
    """All operations, by method and path."""
    return [(f"{method.upper()} {path}", said) for path, methods in document["paths"].items() for method, said in methods.items()]


def refusals(said: Operation) -> Iterator[tuple[int, Operation]]:
    """What an operation refuses, by status."""
    return ((int(status), answer) for status, answer in said["responses"].items() if int(status) >= 400)


def test_every_operation_keeps_its_name(operations: list[tuple[str, Operation]]) -> None:
    assert {address: said["operationId"] for address, said in operations} == OPERATIONS


def test_every_operation_is_described(document: Any, operations: list[tuple[str, Operation]]) -> None:
    groups = {tag["name"] for tag in document["tags"] if tag["description"]}
    for address, said in operations:
        assert said["summary"], address
        assert said["description"], address
        assert set(said["tags"]) <= groups, address
        assert all(parameter["description"] for parameter in said["parameters"]), address


def test_every_operation_says_what_it_may_refuse(operations: list[tuple[str, Operation]]) -> None:
    for address, said in operations:
        expected = ALWAYS | ({"404"} if "{" in address else set()) | (set() if address.startswith("GET") else {"403"})
        assert expected <= set(said["responses"]), address
        if "requestBody" in said:
            assert {"400", "413", "415", "422"} <= set(said["responses"]), address


def test_every_refusal_has_its_example_in_the_one_form(operations: list[tuple[str, Operation]]) -> None:
    for _address, said in operations:
        for _status, answer in refusals(said):
            media = answer["content"]["application/json"]
            assert media["schema"] == {"$ref": "#/components/schemas/Error"}
            for code, example in media["examples"].items():
                assert example["value"]["error"]["code"] == code
                assert example["value"]["error"]["message"].endswith(".")
                assert "%" not in example["value"]["error"]["message"]


def test_whoever_has_no_key_is_told_how_to_come_in(operations: list[tuple[str, Operation]]) -> None:
    for _address, said in operations:
        assert said["responses"]["401"]["headers"]["WWW-Authenticate"]["schema"]["const"] == "Bearer"


def test_keys_and_sessions_open_it_and_a_session_needs_a_token_to_change_something(document: Any) -> None:
    paths = document["paths"]
    assert set(document["components"]["securitySchemes"]) == {"key", "session", "csrf"}
    assert paths["/api/me"]["get"]["security"] == [{"key": []}, {"session": []}]
    assert paths["/api/runs/{pk}"]["delete"]["security"] == [{"key": []}, {"session": [], "csrf": []}]


def test_a_stream_an_upload_and_the_key_against_doubles_are_in_it(document: Any) -> None:
    paths = document["paths"]
    assert set(paths["/api/runs/{pk}/events"]["get"]["responses"]["200"]["content"]) == {"text/event-stream"}
    assert set(paths["/api/workspaces/{slug}/documents"]["post"]["requestBody"]["content"]) == {"multipart/form-data"}
    asked = paths["/api/conversations/{pk}/messages"]["post"]["parameters"]
    assert [parameter["in"] for parameter in asked if parameter["name"] == "Idempotency-Key"] == ["header"]


def test_it_names_no_machine(document: Any) -> None:
    assert [server["url"] for server in document["servers"]] == ["/"]
    assert "testserver" not in json.dumps(document)


def test_nothing_of_ours_is_left_in_it(document: Any) -> None:
    assert "x-refusals" not in json.dumps(document)
    named = set(document["components"]["schemas"])
    used = {part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert used == named


def test_it_is_written_in_english_whoever_asks_first(document: Any) -> None:
    assert "Send a valid API key" in json.dumps(document)


def test_its_page_is_open_and_names_the_document(installation: Installation, client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert 'data-schema="/api/openapi.json"' in page
    assert client.post("/api/docs").status_code == 405


def test_nothing_is_told_before_the_installation_is_set_up(db: None, client: Client) -> None:
    for path in ("/api/openapi.json", "/api/docs"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_set_up")


def test_the_document_tells_nothing_of_the_installation(workspace: Workspace, document: Any) -> None:
    assert workspace.name not in json.dumps(document)
