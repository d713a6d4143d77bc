"""The side of every page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from apps.accounts.models import User
from apps.chat.models import Conversation
from apps.workspaces.models import Workspace
from gemmaweb.templatetags.side import day_label
from tests.conftest import signed_in

TODAY = date(2026, 3, 10)


def talk(workspace: Workspace, author: User, title: str, **fields: Any) -> Conversation:
    return Conversation.objects.create(workspace=workspace, author=author, title=title, **fields)


def page(user: User, path: str) -> str:
    return signed_in(user).get(path, headers={"accept": "text/html"}).content.decode()


@pytest.mark.parametrize(
    ("days_ago", "label"), [(0, "Today"), (1, "Yesterday"), (2, "Last seven days"), (6, "Last seven days"), (7, "Earlier")]
)
def test_it_names_the_days(days_ago: int, label: str) -> None:
    assert day_label(TODAY - timedelta(days=days_ago), today=TODAY) == label


def test_it_lists_the_persons_own_conversations(workspace: Workspace, alice: User, bob: User) -> None:
    talk(workspace, alice, "Lease of the warehouse")
    assert "Lease of the warehouse" in page(alice, "/w/harbour/")
    assert "Lease of the warehouse" not in page(bob, "/w/harbour/")


def test_a_conversation_of_another_workspace_is_not_listed(workspace: Workspace, alice: User, charlie: User) -> None:
    talk(Workspace.objects.get(slug="elsewhere"), alice, "Left behind")
    assert "Left behind" not in page(alice, "/w/harbour/")


def test_a_title_is_escaped(workspace: Workspace, alice: User) -> None:
    talk(workspace, alice, "<script>alert(1)</script>")
    assert "<script>alert" not in page(alice, "/w/harbour/")


def test_a_page_of_no_workspace_shows_the_last_one(workspace: Workspace, alice: User) -> None:
    talk(workspace, alice, "Lease of the warehouse")
    assert "Lease of the warehouse" in page(alice, "/me/")


def test_a_person_without_a_workspace_still_has_a_side(alice: User) -> None:
    assert 'id="side"' in page(alice, "/me/")


@pytest.mark.parametrize("path", ["/w/harbour/", "/w/harbour/documents/", "/w/harbour/people/", "/me/", "/me/keys/"])
def test_every_page_has_one(workspace: Workspace, alice: User, path: str) -> None:
    assert 'id="side"' in page(alice, path)


def test_older_conversations_are_reached_page_by_page(workspace: Workspace, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemmaweb.templatetags.side.HISTORY_MAX", 2)
    first, second, _third = (talk(workspace, alice, f"Talk {number}") for number in (1, 2, 3))
    newest = page(alice, "/w/harbour/")
    assert "Talk 1" not in newest
    assert f"talks_before={second.pk}" in newest
    older = page(alice, f"/w/harbour/?talks_before={second.pk}")
    assert ("Talk 1" in older, "Talk 3" in older) == (True, False)
    assert f"talks_before={first.pk}" not in older


@pytest.mark.parametrize("before", ["", "x", "\x00", "0190a000-0000-7000-8000-000000000000"])
def test_what_names_no_conversation_shows_the_newest(workspace: Workspace, alice: User, before: str) -> None:
    talk(workspace, alice, "Talk 1")
    assert "Talk 1" in page(alice, f"/w/harbour/?talks_before={quote(before)}")
