"""A page of another site, open in the browser of somebody who has signed in here, changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import User
from apps.chat.models import Conversation, Message
from apps.chat.services import ask
from apps.documents.models import Document
from apps.workspaces.models import ApiKey, Invitation, Workspace
from tests.api.conftest import put_file

CHANGES = [
    ("POST", "/me/"),
    ("POST", "/me/keys/"),
    ("POST", "/w/harbour/people/"),
    ("POST", "/w/harbour/settings/"),
    ("POST", "/accounts/logout/"),
    ("POST", "/accounts/password/change/"),
    ("POST", "/invitations/any/"),
    ("POST", "/reset/"),
    ("POST", "/admin/people/"),
    ("POST", "/admin/people/new/"),
    ("POST", "/admin/people/{run}/"),
    ("POST", "/admin/workspaces/new/"),
    ("POST", "/admin/workspaces/{run}/"),
    ("POST", "/c/{conversation}/rename/"),
    ("POST", "/c/{conversation}/delete/"),
    ("POST", "/c/{conversation}/restore/"),
    ("POST", "/api/workspaces/harbour/documents"),
    ("POST", "/api/workspaces/harbour/documents/{document}/retry"),
    ("POST", "/api/workspaces/harbour/documents/{document}/restore"),
    ("DELETE", "/api/workspaces/harbour/documents/{document}"),
    ("POST", "/api/workspaces/harbour/search"),
    ("POST", "/api/workspaces/harbour/conversations"),
    ("POST", "/api/conversations/{conversation}/messages"),
    ("DELETE", "/api/runs/{run}"),
]
BODY = '{"text": "x", "action": "invite"}'


@pytest.fixture
def ids(alice: User, workspace: Workspace) -> dict[str, object]:
    """What Alice has."""
    run = ask(workspace=workspace, conversation=None, asked_by=alice, text="When?", key="k")
    return {"document": put_file(workspace, alice).pk, "conversation": run.conversation_id, "run": run.pk}


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's, which looks for the token of our pages."""
    made = Client(enforce_csrf_checks=True)
    made.force_login(alice)
    made.get("/me/")
    return made


def state() -> tuple[Any, ...]:
    """What could have been changed."""
    rows = (Conversation, Message, Document, ApiKey, Invitation)
    return tuple(list(model._default_manager.order_by("pk").values()) for model in rows)


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_without_our_token_nothing_changes(browser: Client, ids: dict[str, object], method: str, path: str, kind: str) -> None:
    before = state()
    answer = browser.generic(method, path.format(**ids), BODY, content_type=kind)
    assert (answer.status_code, state()) == (403, before)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example", "http://testserver:81"])
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_stolen_token_is_not_enough(browser: Client, ids: dict[str, object], method: str, path: str, origin: str) -> None:
    headers = {"Origin": origin, "X-CSRFToken": browser.cookies[settings.CSRF_COOKIE_NAME].value}
    answer = browser.generic(method, path.format(**ids), BODY, content_type="application/json", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_reading_an_address_changes_nothing(browser: Client, ids: dict[str, object], method: str, path: str) -> None:
    before = state()
    assert browser.get(path.format(**ids)).status_code < 500
    assert state() == before
