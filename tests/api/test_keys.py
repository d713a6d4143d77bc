"""Who comes in, and how far."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.documents.models import Document
from apps.workspaces.models import ApiKey, Membership, Role, Workspace
from tests.api.conftest import Program, program_of, refusal
from tests.conftest import PASSWORD, make_workspace, signed_in

DOCUMENTS = "/api/workspaces/harbour/documents"


def is_told_in(language: str, answer: Any) -> bool:
    """Whether the refusal is in that language."""
    begins = {"de": "Das gibt es hier nicht", "en": "This is not here"}
    return bool(answer.json()["error"]["message"].startswith(begins[language]))


def test_a_key_opens_its_workspace(api: Program) -> None:
    assert api.get("workspaces/harbour/documents").status_code == 200


def test_without_a_key_nothing_opens(workspace: Workspace, client: Client) -> None:
    answer = client.get(DOCUMENTS)
    assert refusal(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_post_without_a_key_asks_for_one_too(workspace: Workspace) -> None:
    assert refusal(Client(enforce_csrf_checks=True).post(DOCUMENTS)) == (401, "unauthorized")


@pytest.mark.parametrize(
    "key", ["", " ", "gemma_", "'", "' OR 1=1 --", '"', "\\", "%00", "é", "null", "undefined", "x" * 1_000_000, "gemma_" + "A" * 43]
)
def test_a_made_up_key_opens_nothing(workspace: Workspace, client: Client, key: str) -> None:
    assert refusal(client.get(DOCUMENTS, headers={"Authorization": f"Bearer {key}"})) == (401, "unauthorized")


@pytest.mark.parametrize("header", ["Basic YWxpY2U6eA==", "Bearer", "Token gemma_x", "bearer\tgemma_x", "Bearer a\0b"])
def test_other_headers_open_nothing(workspace: Workspace, client: Client, header: str) -> None:
    assert client.get(DOCUMENTS, headers={"Authorization": header}).status_code == 401


def test_a_key_in_the_address_opens_nothing(api: Program, client: Client) -> None:
    key = api.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    for name in ("key", "api_key", "token", "access_token"):
        assert client.get(DOCUMENTS, {name: key}).status_code == 401


def test_a_wrong_key_is_not_saved_by_a_session(alice: User, workspace: Workspace) -> None:
    assert signed_in(alice).get(DOCUMENTS, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_trying_many_keys_is_slowed_down(api: Program, client: Client) -> None:
    statuses = {client.get(DOCUMENTS, headers={"Authorization": f"Bearer guess-{number}"}).status_code for number in range(61)}
    assert statuses == {401, 429}
    assert api.get("workspaces/harbour/documents").status_code == 200


def test_a_key_opens_no_other_workspace_of_its_person(alice: User, api: Program) -> None:
    make_workspace("night-shift", owner=alice)
    assert refusal(api.get("workspaces/night-shift/documents")) == (404, "not_found")
    assert signed_in(alice).get("/api/workspaces/night-shift/documents").status_code == 200


def test_a_revoked_key_opens_nothing(api: Program) -> None:
    key = ApiKey.objects.get()
    signed_in(key.user).post("/me/keys/", {"action": "revoke", "key": key.pk})
    assert api.get("workspaces/harbour/documents").status_code == 401


def test_a_removed_members_key_opens_nothing(colleague: Program, bob: User) -> None:
    Membership.objects.filter(user=bob).delete()
    assert colleague.get("workspaces/harbour/documents").status_code == 401


def test_a_disabled_persons_key_opens_nothing(colleague: Program, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert colleague.get("workspaces/harbour/documents").status_code == 401


def test_a_key_shrinks_with_its_persons_role(alice: User, bob: User, workspace: Workspace, document: Document) -> None:
    program, path = program_of(bob, workspace), f"workspaces/harbour/documents/{document.pk}"
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    assert program.get(path).status_code == 200
    assert refusal(program.delete(path)) == (403, "forbidden")


def test_our_own_pages_come_in_by_their_session(alice: User, workspace: Workspace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get(DOCUMENTS).status_code == 200
    assert refusal(client.post("/api/workspaces/harbour/conversations", {}, content_type="application/json")) == (403, "csrf")
    token = client.get("/me/").context["csrf_token"]
    answer = client.post("/api/workspaces/harbour/conversations", {}, content_type="application/json", headers={"X-CSRFToken": str(token)})
    assert answer.status_code == 201


@pytest.mark.parametrize(("asked", "language"), [(None, "de"), ("", "de"), ("*", "de"), ("de", "de"), ("en", "en"), ("fr", "en")])
def test_a_program_is_told_in_the_language_it_asks_for_else_in_its_persons(
    alice: User, api: Program, asked: str | None, language: str
) -> None:
    User.objects.filter(pk=alice.pk).update(language="de")
    headers = {} if asked is None else {"Accept-Language": asked}
    assert is_told_in(language, api.client.get("/api/workspaces/nowhere", headers=headers))


def test_a_person_is_told_in_the_language_that_they_have_chosen(alice: User, workspace: Workspace) -> None:
    User.objects.filter(pk=alice.pk).update(language="de")
    answer = signed_in(alice).get("/api/workspaces/nowhere", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert is_told_in("de", answer)


def test_the_language_of_one_program_is_not_that_of_the_next(alice: User, api: Program, stranger: Program) -> None:
    User.objects.filter(pk=alice.pk).update(language="de")
    api.get("workspaces/nowhere")
    assert is_told_in("en", stranger.get("workspaces/nowhere"))


def test_another_site_gets_no_leave_to_read(api: Program) -> None:
    answer = api.client.get(DOCUMENTS, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_password_is_no_key(alice: User, workspace: Workspace, client: Client) -> None:
    assert client.get(DOCUMENTS, headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 401
