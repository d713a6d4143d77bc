"""What fills the model's context is kept with the run, sent at its end, and shown on the page in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from apps.accounts.models import User
from apps.chat import snapshots
from apps.chat.context import context_entry, latest_context, shown_context
from apps.chat.models import Conversation, Generation, Message
from apps.inference.engines.base import ChatRequest, ContextPiece, EngineUnavailable, Passage, UsagePiece
from apps.workspaces.models import Workspace
from tests.chat.conftest import Ask, Watcher, Worker
from tests.chat.scripted import ScriptedEngine
from tests.conftest import signed_in
from tests.documents.indexed import add

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]
Watch = Callable[[str], Watcher]
TOLD = ContextPiece(limit=1000, turns=300, passages=200, question=10, messages_left=4, passages_left=(2,))


class CountingEngine(ScriptedEngine):
    """A scripted engine that leaves out by itself what has no room."""

    fills_itself = True


@pytest.fixture
def counting(answers_with: Any) -> Script:
    """Let an engine answer that counts."""
    return lambda *script: answers_with(CountingEngine(*script))


def ended(ask: Ask, worker: Worker, **asked: Any) -> Generation:
    """A run that has ended."""
    run = ask(**asked)
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    return run


def test_the_run_keeps_what_filled_the_context(ask: Ask, counting: Script, worker: Worker, settings: Any) -> None:
    settings.ANSWER_MAX_TOKENS = 128
    counting(TOLD, "At six.", UsagePiece(560, 2, 10.0))
    run = ended(ask, worker)
    assert run.context == {
        "limit": 1000,
        "system": 50,
        "turns": 300,
        "passages": 200,
        "question": 10,
        "answer": 128,
        "messages_left": 4,
        "messages_summed": 0,
        "passages_left": 1,
        "is_exact": True,
    }


def test_the_last_frame_and_a_later_snapshot_tell_it(
    ask: Ask, counting: Script, worker: Worker, watch: Watch, conversation: Conversation, settings: Any
) -> None:
    settings.ANSWER_MAX_TOKENS = 128
    counting(TOLD, "At six.", UsagePiece(560, 2, 10.0))
    watcher = watch(f"conversation:{conversation.pk}")
    run = ended(ask, worker, conversation=conversation)
    told = watcher.until("ended")["context"]
    assert (told["limit"], told["used"], told["percent"]) == (1000, 688, 69)
    assert told["parts"] == {"system": 50, "turns": 300, "passages": 200, "question": 10, "answer": 128}
    assert told["sentences"][0].startswith("4 older messages were left out")
    assert told["sentences"][1] == "One passage that was found was left out."
    assert snapshots.snapshot_frame(run)["context"] == told


def test_while_it_is_written_nothing_is_told(ask: Ask) -> None:
    assert snapshots.snapshot_frame(ask())["context"] is None


def test_a_passage_that_had_no_room_is_not_cited(ask: Ask, counting: Script, worker: Worker, workspace: Workspace) -> None:
    for number in (1, 2):
        add(workspace, f"{number}.txt", f"The harbour opens at {number}.")
    counting(TOLD, "It opens at one [1], or at two [2].")
    run = ended(ask, worker)
    assert run.answer.text == "It opens at one [1], or at two."
    assert [citation.n for citation in run.answer.citations.all()] == [1]


def test_an_engine_that_cannot_count_is_given_no_more_than_surely_fits(
    ask: Ask, scripted: Script, worker: Worker, workspace: Workspace, settings: Any
) -> None:
    settings.CONTEXT_TOKENS, settings.ANSWER_MAX_TOKENS = 1024, 256
    for number in range(6):
        add(workspace, f"{number}.txt", f"The harbour opens at {number}. " + "Ships come and go all day long. " * 12)
    engine = scripted("At six.")
    run = ended(ask, worker)
    given = engine.requests[0]
    assert 0 < len(given.passages) < 6
    assert run.context["passages_left"] == 6 - len(given.passages)
    assert run.context["is_exact"] is False
    with translation.override("en"):
        assert "careful guesses" in (shown_context(run) or {})["sentences"][-1]


def test_what_breaks_off_is_told_once_and_whole(ask: Ask, answers_with: Any, worker: Worker, settings: Any, workspace: Workspace) -> None:
    settings.CONTEXT_TOKENS, settings.ANSWER_MAX_TOKENS = 1024, 256
    for number in range(6):
        add(workspace, f"{number}.txt", f"The harbour opens at {number}. " + "Ships come and go all day long. " * 12)
    engine = answers_with(BreaksOnce("At six."))
    run = ended(ask, worker)
    assert len(engine.requests) == 2
    assert run.context["passages_left"] == 6 - len(engine.requests[1].passages) > 0


class BreaksOnce(ScriptedEngine):
    """Says a word and breaks off, then says all."""

    async def stream(self, request: ChatRequest) -> Any:
        """The script, or the word and the failure."""
        self.requests.append(request)
        if len(self.requests) == 1:
            async for piece in ScriptedEngine("At ", EngineUnavailable("gone")).stream(request):
                yield piece
        async for piece in ScriptedEngine(*self.script).stream(request):
            yield piece


def test_where_no_model_read_anything_nothing_is_kept(ask: Ask, counting: Script, worker: Worker) -> None:
    counting(TOLD, EngineUnavailable("no memory"))
    run = ended(ask, worker)
    assert run.answer.engine == "quote"
    assert (run.context, shown_context(run)) == ({}, None)


def test_the_beginning_of_an_answer_is_nobodys_instructions() -> None:
    request = ChatRequest("Why?", system="Be kind to all.", max_tokens=50, written="Because " * 100)
    kept = context_entry(TOLD, request, UsagePiece(900, 3, 1.0), is_exact=True)
    assert kept["system"] == 5
    assert context_entry(TOLD, request, UsagePiece(0, 0, 0.0), is_exact=True)["system"] == 5


def test_a_full_context_is_full_and_no_more() -> None:
    request = ChatRequest("Why?", passages=(Passage(1, "", "", "x", 1.0),), max_tokens=5000)
    kept = context_entry(TOLD, request, UsagePiece(900, 3, 1.0), is_exact=True)
    shown = shown_context(Generation(context=kept))
    assert shown
    assert shown["percent"] == 100
    assert kept["answer"] == 1000


def test_nothing_left_out_is_said_too() -> None:
    kept = context_entry(ContextPiece(1000, 0, 0, 5), ChatRequest("Why?", max_tokens=50), UsagePiece(20, 3, 1.0), is_exact=True)
    shown = shown_context(Generation(context=kept))
    assert shown
    assert shown["sentences"] == ["Nothing was left out of the last answer."]


def test_the_page_shows_the_newest(ask: Ask, counting: Script, worker: Worker, conversation: Conversation, alice: User) -> None:
    page, browser = f"/c/{conversation.pk}/", signed_in(alice)
    assert b'<div id="context" class="context" hidden>' in browser.get(page).content
    counting(TOLD, "At six.", UsagePiece(560, 2, 10.0))
    ended(ask, worker, conversation=conversation)
    shown = browser.get(page)
    assert b'<div id="context" class="context" >' in shown.content
    assert shown.context["fill"]["limit"] == 1000
    assert "4 older messages were left out" in shown.content.decode()
    assert browser.get(page, {"before": "2"}).context["fill"] is None


def test_a_question_and_an_empty_run_are_passed_over() -> None:
    kept = context_entry(TOLD, ChatRequest("Why?", max_tokens=50), UsagePiece(560, 3, 1.0), is_exact=True)
    question, full, empty = Message(role="user"), Message(role="assistant"), Message(role="assistant")
    full.run, empty.run = Generation(context=kept), Generation()
    shown = latest_context([full, question, empty])
    assert shown
    assert shown["limit"] == 1000
    assert latest_context([question, empty]) is None
