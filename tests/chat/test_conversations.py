"""Rename, delete, bring back; and the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.chat import ending, services, waiting
from apps.chat.models import Citation, Conversation, Generation
from apps.chat.snapshots import Written
from apps.inference.models import RemoteModel
from apps.workspaces.models import Membership, Workspace
from tests.chat.conftest import Ask
from tests.conftest import signed_in
from tests.documents.indexed import add

pytestmark = pytest.mark.django_db
TEXT = "Open from six. Closed on Sundays."


@pytest.fixture
def page(alice: User) -> Client:
    """Alice's browser."""
    return signed_in(alice)


@pytest.fixture
def answered(workspace: Workspace, ask: Ask, conversation: Conversation) -> Generation:
    """A question with its answer, which cites a document."""
    document = add(workspace, "times.txt", TEXT)
    ask(conversation=conversation)
    run = waiting.claim_next()
    assert run is not None
    citation = {
        "n": 1, "document": str(document.pk), "version": str(document.versions.get().pk), "title": "times",
        "page": 1, "place": "p. 1", "start": 15, "end": 32, "quote": "Closed on Sundays", "found": "found",
    }  # fmt: skip
    written = Written("Not on Sundays [1].", citations=[citation], engine="tiny")
    assert ending.finish(pk=run.pk, attempt=1, seq=1, status="done", written=written)
    return Generation.objects.get(pk=run.pk)


def url(name: str, conversation: Conversation, *more: Any) -> str:
    """The address of one of the conversation's pages."""
    return reverse(name, args=[conversation.pk, *more])


def test_a_new_conversation(page: Client, workspace: Workspace) -> None:
    response = page.get(reverse("workspace", args=["harbour"]))
    assert response.status_code == 200
    assert response.context["turns"] == []
    assert response.context["engine"] is None
    assert not Conversation.objects.exists()


def test_it_shows_question_and_answer(page: Client, conversation: Conversation, answered: Generation) -> None:
    response = page.get(url("conversation", conversation))
    assert [turn.role for turn in response.context["turns"]] == ["user", "assistant"]
    assert 'data-n="1"' in response.content.decode()
    assert response.context["document_count"] == 1


def test_the_page_costs_the_same_however_long_it_is(page: Client, conversation: Conversation, answered: Generation, ask: Ask) -> None:
    assert page.get(url("conversation", conversation)).status_code == 200  # templates are loaded once
    short = queries_of(page, conversation)
    for _ in range(12):
        ask(conversation=conversation)
    assert queries_of(page, conversation) == short <= 20


def queries_of(page: Client, conversation: Conversation) -> int:
    """How many queries the page costs."""
    with CaptureQueriesContext(connection) as captured:
        page.get(url("conversation", conversation))
    return len(captured)


def test_the_part_for_tabs_that_missed_something(page: Client, conversation: Conversation, answered: Generation) -> None:
    whole = page.get(url("conversation_messages", conversation)).content.decode()
    rest = page.get(url("conversation_messages", conversation) + "?after=1").content.decode()
    assert (whole.count("data-sequence"), rest.count("data-sequence")) == (2, 1)
    assert page.get(url("conversation_messages", conversation) + "?after=2").content == b""
    assert page.get(url("conversation_messages", conversation) + "?after=x").status_code == 422


def test_a_marker_opens_its_page(page: Client, conversation: Conversation, answered: Generation) -> None:
    response = page.get(url("citation", conversation, answered.answer_id, 1))
    assert response.status_code == 200
    assert response.context["citation"].quote == "Closed on Sundays"
    assert page.get(url("citation", conversation, answered.answer_id, 2)).status_code == 404


def test_the_words_stay_when_the_file_is_gone(page: Client, conversation: Conversation, answered: Generation) -> None:
    Citation.objects.update(document=None, version=None)
    response = page.get(url("citation", conversation, answered.answer_id, 1))
    assert (response.context["document"], response.context["page"]) == (None, None)
    assert "Closed on Sundays" in response.content.decode()


def test_it_renames(page: Client, conversation: Conversation) -> None:
    response = page.post(url("conversation_rename", conversation), {"title": "  Opening\x00 times \n"})
    conversation.refresh_from_db()
    assert response.json() == {"title": "Opening times"}
    assert conversation.title == "Opening times"


def test_it_needs_a_title(page: Client, conversation: Conversation) -> None:
    assert page.post(url("conversation_rename", conversation), {"title": " "}).status_code == 422


def test_it_deletes_and_brings_back(page: Client, conversation: Conversation) -> None:
    assert page.post(url("conversation_delete", conversation)).status_code == 204
    assert page.get(url("conversation", conversation)).status_code == 404
    assert page.post(url("conversation_restore", conversation)).status_code == 200
    assert page.get(url("conversation", conversation)).status_code == 200


def test_what_is_not_deleted_cannot_come_back(page: Client, conversation: Conversation) -> None:
    assert page.post(url("conversation_restore", conversation)).status_code == 404


def test_nobody_else_brings_it_back(bob: User, conversation: Conversation) -> None:
    services.delete(conversation=conversation)
    assert signed_in(bob).post(url("conversation_restore", conversation)).status_code == 404


GET = ["conversation", "conversation_messages"]
POST = ["conversation_rename", "conversation_delete", "conversation_restore"]


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_a_conversation_is_its_author_s_alone(who: str, bob: User, charlie: User, conversation: Conversation, answered: Generation) -> None:
    client = signed_in({"bob": bob, "charlie": charlie}[who])
    statuses = [client.get(url(name, conversation)).status_code for name in GET]
    statuses += [client.post(url(name, conversation), {"title": "mine"}).status_code for name in POST]
    statuses += [client.get(url("citation", conversation, answered.answer_id, 1)).status_code]
    assert statuses == [404] * 6
    conversation.refresh_from_db()
    assert (conversation.title, conversation.deleted_at) == ("When does the harbour open?", None)


def test_the_missing_looks_like_the_foreign(page: Client) -> None:
    assert page.get(reverse("conversation", args=[uuid4()])).status_code == 404
    assert page.get(reverse("workspace", args=["elsewhere"])).status_code == 404


def test_who_left_the_team_sees_nothing_any_more(page: Client, alice: User, conversation: Conversation) -> None:
    Membership.objects.filter(user=alice).delete()
    assert page.get(url("conversation", conversation)).status_code == 404


@pytest.mark.parametrize("name", GET)
def test_strangers_sign_in_first(name: str, conversation: Conversation) -> None:
    assert Client().get(url(name, conversation)).status_code == 302


@pytest.mark.parametrize("name", POST)
def test_changes_need_the_page_s_token(name: str, alice: User, conversation: Conversation) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(url(name, conversation), {"title": "x"}).status_code == 403
    assert client.get(url(name, conversation)).status_code == 405


def test_deleting_twice_keeps_the_first_time(conversation: Conversation) -> None:
    services.delete(conversation=conversation)
    first = Conversation.objects.get().deleted_at
    services.delete(conversation=conversation)
    assert Conversation.objects.get().deleted_at == first
    assert first is not None
    assert first <= timezone.now()


def test_a_title_says_what_was_asked(conversation: Conversation, ask: Ask, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ask("When?", conversation=conversation)
    assert str(Conversation.objects.get()) == "When?"


def test_earlier_messages_are_reached_page_by_page(page: Client, answered: Generation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.chat.views.TURNS_MAX", 1)
    address = url("conversation", answered.conversation)
    last = page.get(address)
    assert [turn.sequence for turn in last.context["turns"]] == [2]
    assert f"{address}?before=2" in last.content.decode()
    first = page.get(address, {"before": "2"})
    assert [turn.sequence for turn in first.context["turns"]] == [1]
    assert "Earlier messages" in last.content.decode()
    assert "Earlier messages" not in first.content.decode()


@pytest.mark.parametrize("before", ["x", "-1", "9" * 10, "\x00", ""])
def test_what_is_no_sequence_is_refused(page: Client, answered: Generation, before: str) -> None:
    assert page.get(url("conversation", answered.conversation), {"before": before}).status_code == 422


@pytest.mark.parametrize(
    ("is_public", "sentence"), [(False, "to a server on your own network, and no further"), (True, "to a server outside your own network")]
)
def test_the_page_says_where_words_are_made(workspace: Workspace, alice: User, is_public: bool, sentence: str) -> None:
    browser = signed_in(alice)
    assert "Nothing leaves this machine." in browser.get(f"/w/{workspace.slug}/").content.decode()
    remote = RemoteModel.objects.create(name="far", is_active=True)
    remote.servers.create(url="http://gpu", model="gemma", is_public=is_public)
    page = browser.get(f"/w/{workspace.slug}/").content.decode()
    assert sentence in page
    assert "Nothing leaves this machine." not in page
    assert "on this machine" not in page
