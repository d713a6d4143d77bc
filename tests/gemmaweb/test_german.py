"""A German person's pages and errors are in German; so is the door for a stranger whose browser asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.workspaces.keys import create_key
from apps.workspaces.models import Workspace
from tests.conftest import signed_in
from tests.gemmaweb.catalogue import Said, entries

GERMAN = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
TELLING = {entry["msgid"] for entry in entries() if entry.get("msgstr", entry["msgid"]) != entry["msgid"]}
PAGES = [
    "/w/harbour/",
    "/w/harbour/documents/",
    "/w/harbour/people/",
    "/w/harbour/settings/",
    "/me/",
    "/me/keys/",
    "/accounts/logout/",
    "/accounts/password/change/",
    "/accounts/inactive/",
    "/nothing/",
]


@pytest.fixture
def german(alice: User) -> Client:
    """The browser of Alice, who chose German."""
    alice.language = "de"
    alice.save()
    return signed_in(alice)


def english_on(answer: Any) -> set[str]:
    """What the page says in English though there is German for it."""
    html = answer.content.decode()
    assert '<html lang="de"' in html
    return set(Said(html).texts) & TELLING


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_in_german(german: Client, workspace: Workspace, path: str) -> None:
    assert english_on(german.get(path, headers={"Accept": "text/html"})) == set()


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/invitations/no-such-link/"])
def test_a_strangers_page_is_in_the_browsers_language(client: Client, workspace: Workspace, path: str) -> None:
    assert english_on(client.get(path, headers=GERMAN)) == set()
    assert '<html lang="en"' in client.get(path, headers=GERMAN | {"Accept-Language": "fr"}).content.decode()


def test_the_first_page_of_all_is_in_the_browsers_language(client: Client, db: None) -> None:
    assert english_on(client.get("/setup/", headers=GERMAN)) == set()


def test_the_side_is_in_german(german: Client, workspace: Workspace) -> None:
    said = Said(german.get("/w/harbour/").content.decode()).texts
    assert {"Neues Gespräch", "Dokumente", "Personen", "Einstellungen"} <= set(said)


def test_a_mistake_of_ours_is_told_in_german(client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.workspaces.views.invitations.open_invitation", None)
    client.raise_request_exception = False
    answer = client.get("/invitations/any-link/", headers=GERMAN)
    assert answer.status_code == 500
    assert english_on(answer) == set()


def test_the_person_and_not_the_browser_decides(german: Client, workspace: Workspace) -> None:
    assert english_on(german.get("/me/", headers={"Accept-Language": "en"})) == set()


def test_an_error_is_told_in_the_persons_language(german: Client) -> None:
    message = german.get("/api/workspaces/nothing/documents").json()["error"]["message"]
    assert message == "Das gibt es hier nicht, oder es ist nicht für Sie bestimmt."


def test_a_programs_error_is_told_as_it_asks(alice: User, workspace: Workspace, client: Client) -> None:
    key = create_key(user=alice, workspace=workspace, name="robot")[1]
    headers = {"Authorization": f"Bearer {key}"}
    path = "/api/workspaces/nothing/documents"
    assert "not yours" in client.get(path, headers=headers).json()["error"]["message"]
    assert "nicht für Sie" in client.get(path, headers=headers | {"Accept-Language": "de"}).json()["error"]["message"]
