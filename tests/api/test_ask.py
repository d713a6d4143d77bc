"""Conversations, by API."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import User
from apps.chat.ending import end
from apps.chat.models import Conversation, Generation, Message
from apps.chat.snapshots import Written
from apps.documents.models import Document
from apps.workspaces.models import Membership, Role, Workspace
from tests.api.conftest import Program, program_of, refusal
from tests.conftest import signed_in


def ask(api: Program, conversation: Conversation, text: str = "When?", key: str = "", **more: Any) -> Any:
    """The answer to a question."""
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(f"conversations/{conversation.pk}/messages", {"text": text, **more}, **headers)


def said(api: Program, conversation: Conversation) -> list[dict[str, Any]]:
    """All messages of the conversation."""
    messages: list[dict[str, Any]] = api.get(f"conversations/{conversation.pk}/messages").json()["messages"]
    return messages


def test_a_conversation_is_made(api: Program, alice: User) -> None:
    answer = api.post("workspaces/harbour/conversations", {"title": "Cranes"})
    made = Conversation.objects.get()
    assert answer.status_code == 201
    assert (answer.json()["id"], answer.json()["title"], answer.json()["workspace"]) == (str(made.pk), "Cranes", "harbour")
    assert made.author == alice


def test_a_conversation_needs_no_body(api: Program) -> None:
    assert api.client.post("/api/workspaces/harbour/conversations", b"", content_type="application/json").status_code == 201


def test_conversations_come_in_pages_newest_first(api: Program, alice: User, workspace: Workspace) -> None:
    made = [Conversation.objects.create(workspace=workspace, author=alice) for _ in range(3)]
    page = api.get("workspaces/harbour/conversations", limit=2).json()
    rest = api.get("workspaces/harbour/conversations", limit=2, cursor=page["next"]).json()
    assert [result["id"] for result in page["results"] + rest["results"]] == [str(row.pk) for row in reversed(made)]
    assert rest["next"] is None


def test_a_conversation_is_told_and_renamed(api: Program, conversation: Conversation) -> None:
    path = f"conversations/{conversation.pk}"
    assert api.get(path).json()["title"] == "Cranes"
    assert api.patch(path, {"title": " The  old crane\t"}).json()["title"] == "The old crane"
    for title in ("", " ", "\u200b", "x" * 201, None, 7):
        assert refusal(api.patch(path, {"title": title})) == (422, "invalid")
    assert api.get(path).json()["title"] == "The old crane"


def test_a_conversation_is_deleted_and_comes_back(api: Program, conversation: Conversation) -> None:
    path = f"conversations/{conversation.pk}"
    assert refusal(api.post(f"{path}/restore")) == (404, "not_found")
    ask(api, conversation)
    assert api.delete(path).status_code == 204
    assert Generation.objects.get().status == "stopped"
    for answer in (api.get(path), api.delete(path), api.get(f"{path}/messages"), ask(api, conversation)):
        assert refusal(answer) == (404, "not_found")
    assert api.get("workspaces/harbour/conversations").json()["results"] == []
    assert api.post(f"{path}/restore").json()["id"] == str(conversation.pk)
    assert api.get(path).status_code == 200


def test_a_question_is_taken_and_queued(api: Program, conversation: Conversation) -> None:
    answer = ask(api, conversation, max_tokens=50)
    run = Generation.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {
        "run": str(run.pk), "conversation": str(conversation.pk), "question": str(run.question_id), "answer": str(run.answer_id),
    }  # fmt: skip
    assert (run.status, run.max_tokens, run.lane) == ("queued", 50, Generation.Lane.API)


def test_our_own_pages_do_not_wait_behind_programs(alice: User, conversation: Conversation) -> None:
    body = {"text": "When?"}
    signed_in(alice).post(f"/api/conversations/{conversation.pk}/messages", body, content_type="application/json")
    assert Generation.objects.get().lane == Generation.Lane.TALK


def test_a_viewer_may_ask(bob: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    mine = Conversation.objects.create(workspace=workspace, author=bob)
    assert ask(program_of(bob, workspace), mine).status_code == 202


def test_the_same_key_is_the_same_question(api: Program, conversation: Conversation) -> None:
    first, again = ask(api, conversation, key="k1"), ask(api, conversation, key="k1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert Message.objects.count() == 2


def test_without_a_key_each_question_is_new(api: Program, conversation: Conversation) -> None:
    assert ask(api, conversation).json()["run"] != ask(api, conversation).json()["run"]


def test_a_key_stands_for_one_question(api: Program, alice: User, conversation: Conversation) -> None:
    ask(api, conversation, key="k1")
    other = Conversation.objects.create(workspace=conversation.workspace, author=alice)
    assert refusal(ask(api, other, key="k1")) == (409, "idempotency_key_reused")
    assert refusal(ask(api, conversation, "What else?", key="k1")) == (409, "idempotency_key_reused")
    assert Generation.objects.count() == 1


def test_two_people_may_send_the_same_key(api: Program, colleague: Program, bob: User, conversation: Conversation) -> None:
    his = Conversation.objects.create(workspace=conversation.workspace, author=bob)
    assert ask(api, conversation, key="k1").json()["run"] != ask(colleague, his, key="k1").json()["run"]


@pytest.mark.parametrize(
    ("text", "status"),
    [("", 400), (" ", 400), ("x" * 32_001, 413), ("x" * 1_000_000, 413), ("\0", 422), (7, 422), (None, 422), ({}, 422)],
)
def test_a_bad_question_gets_a_sentence(api: Program, conversation: Conversation, text: Any, status: int) -> None:
    assert refusal(ask(api, conversation, text))[0] == status
    assert not Message.objects.exists()


@pytest.mark.parametrize("max_tokens", [0, -1, "5", 1.5, True, [], 10**30])
def test_a_bad_limit_is_refused(api: Program, conversation: Conversation, max_tokens: Any) -> None:
    answer = ask(api, conversation, max_tokens=max_tokens)
    assert answer.status_code == 422 or Generation.objects.get().max_tokens <= 2048


@pytest.mark.parametrize("key", ["x" * 101, "a\tb"])
def test_a_bad_key_is_refused(api: Program, conversation: Conversation, key: str) -> None:
    assert refusal(ask(api, conversation, key=key)) == (422, "invalid")


def test_a_waiting_answer_is_told(api: Program, conversation: Conversation) -> None:
    ask(api, conversation)
    question, answer = said(api, conversation)
    assert (question["role"], question["status"], question["text"]) == ("user", "done", "When?")
    assert (answer["role"], answer["status"], answer["text"], answer["citations"]) == ("assistant", "queued", "", [])


@pytest.mark.parametrize("status", ["running", "stopping"])
def test_a_growing_answer_is_told(api: Program, conversation: Conversation, status: str) -> None:
    ask(api, conversation)
    Generation.objects.update(status=status, attempt=1, text="It is clo")
    answer = said(api, conversation)[1]
    assert (answer["status"], answer["text"]) == ("running", "It is clo")


def test_a_whole_answer_is_told_with_its_sources(api: Program, conversation: Conversation, document: Document) -> None:
    ask(api, conversation)
    source = {
        "n": 1, "document": str(document.pk), "version": str(document.current_id), "title": "Notes", "page": 1, "place": "", "start": 0,
        "end": 9, "quote": "The crane", "found": "found",
    }  # fmt: skip
    end(Generation.objects.get(), status="done", written=Written("It is closed [1].", citations=[source]))
    answer = said(api, conversation)[1]
    assert (answer["status"], answer["text"], answer["error"]) == ("done", "It is closed [1].", None)
    told = {"n": 1, "document": str(document.pk), "title": "Notes", "page": 1, "place": "", "quote": "The crane", "found": "found"}
    assert answer["citations"] == [told]


def test_a_failed_answer_says_why(api: Program, conversation: Conversation) -> None:
    ask(api, conversation)
    end(Generation.objects.get(), status="failed", written=Written("It is"), error="engine_failed")
    answer = said(api, conversation)[1]
    assert (answer["status"], answer["text"], answer["error"]["code"]) == ("failed", "It is", "engine_failed")
    assert "broke off" in answer["error"]["message"]


def test_a_run_is_stopped_and_stopped_again(api: Program, conversation: Conversation) -> None:
    run = ask(api, conversation).json()["run"]
    assert [api.delete(f"runs/{run}").status_code for _ in range(2)] == [204, 204]
    assert said(api, conversation)[1]["status"] == "stopped"
