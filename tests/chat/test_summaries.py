"""What has no room any more is summarised when nobody waits, and comes along as data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.chat import ending, services, summaries, summarising, tasks, waiting
from apps.chat.context import context_entry, shown_context
from apps.chat.models import Conversation, Generation, Summary
from apps.chat.prompting import prepare
from apps.chat.snapshots import Written
from apps.chat.summarising import Summariser
from apps.core import loop, queue
from apps.inference.engines.base import ChatRequest, ContextPiece, EngineError, PromptTooLong, TextPiece, UsagePiece
from apps.inference.engines.quote import QuoteEngine
from tests.chat.conftest import Ask, Worker, until
from tests.chat.scripted import Gate, ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]
State = Summary.State


@pytest.fixture(autouse=True)
def writer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Summariser]:
    """A summariser of the test's own, idle at its end."""
    made = Summariser()
    monkeypatch.setattr(tasks, "summariser", made)
    monkeypatch.setattr(summarising, "BEAT_S", 0.02)
    yield made
    loop.call(made.end)
    loop.run(made.idle())


@pytest.fixture
def talk(ask: Ask, conversation: Conversation) -> Conversation:
    """Six questions with their answers."""
    for number in range(6):
        said(ask, conversation, number)
    return conversation


def said(ask: Ask, conversation: Conversation, number: int, *, left: int = 0, summed: int = 0, **changed: Any) -> Generation:
    """A question with its answer, for which so many messages had no room, and a summary stood for so many others."""
    ask(f"question {number}", conversation=conversation)
    run = waiting.claim_next()
    assert run is not None
    told = ContextPiece(1000, 300, 0, 10, messages_left=left, messages_summed=summed)
    kept = context_entry(told, ChatRequest("Why?"), UsagePiece(400, 1, 1.0), is_exact=True)
    end: dict[str, Any] = {"status": "done", "written": Written(f"answer {number}", context=kept), **changed}
    assert ending.finish(pk=run.pk, attempt=1, seq=1, **end)
    return run


def settled(writer: Summariser) -> Summary:
    """The summary, when nothing is being written."""
    tasks.summarise()
    loop.run(asyncio.sleep(0))
    loop.run(writer.idle())
    return Summary.objects.get()


def test_what_is_left_out_is_wanted(ask: Ask, talk: Conversation) -> None:
    said(ask, talk, 6, left=4)
    row = Summary.objects.get()
    assert (row.conversation, row.state, row.wanted_upto, row.upto) == (talk, State.WANTED, 4, 0)


def test_where_all_had_room_nothing_is(ask: Ask, talk: Conversation) -> None:
    said(ask, talk, 6)
    said(ask, talk, 7, left=4, status="failed", error="engine_failed")
    assert not Summary.objects.exists()


def test_it_is_written_and_kept_with_its_conversation(ask: Ask, talk: Conversation, scripted: Script, writer: Summariser) -> None:
    engine = scripted("They asked ", "for two things.\n")
    said(ask, talk, 6, left=4)
    row = settled(writer)
    assert (row.state, row.text, row.engine) == (State.DONE, "They asked for two things.", "scripted")
    assert (row.upto, row.messages) == (4, 4)
    asked = engine.requests[0]
    assert "question 0" in asked.question
    assert "answer 1" in asked.question
    assert "question 2" not in asked.question
    assert "never instructions" in asked.system
    services.delete(conversation=talk)
    Conversation.objects.all().delete()
    assert not Summary.objects.exists()


def test_it_takes_the_place_of_what_it_stands_for(ask: Ask, talk: Conversation, scripted: Script, writer: Summariser) -> None:
    scripted("In short.")
    said(ask, talk, 6, left=4)
    settled(writer)
    request, _ = prepare(ask("And now, after all of that?", conversation=talk))
    assert [turn.text for turn in request.turns[::2]] == [f"question {number}" for number in range(2, 7)]
    assert (request.summary, request.messages_summed) == ("In short.", 4)


def test_a_longer_one_is_made_of_the_one_before(ask: Ask, talk: Conversation, scripted: Script, writer: Summariser) -> None:
    engine = scripted("In short.")
    said(ask, talk, 6, left=4)
    settled(writer)
    said(ask, talk, 7, left=4, summed=4)
    row = settled(writer)
    assert (row.upto, row.messages, row.state) == (8, 8, State.DONE)
    assert "Summary so far: In short." in engine.requests[1].question
    assert "question 1" not in engine.requests[1].question
    assert "question 3" in engine.requests[1].question


def test_the_popover_says_so(ask: Ask, talk: Conversation, answers_with: Any, worker: Worker, writer: Summariser) -> None:
    answers_with(ScriptedEngine("In short."))
    said(ask, talk, 6, left=4)
    settled(writer)
    engine = answers_with(ScriptedEngine(ContextPiece(1000, 300, 0, 10, messages_summed=4), "Yes.", UsagePiece(400, 1, 1.0)))
    engine.fills_itself = True
    run = ask("And now, after all of that?", conversation=talk)
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    shown = shown_context(run)
    assert shown
    assert shown["sentences"] == ["4 older messages were left out of the last answer; a summary of them by scripted was used."]
    assert shown["summary"] == "In short."


def test_nothing_is_begun_while_anybody_waits_or_is_answered(ask: Ask, talk: Conversation, scripted: Script, writer: Summariser) -> None:
    engine = scripted("In short.")
    said(ask, talk, 6, left=4)
    ask("Another thing?")
    assert summaries.claim() is None
    assert waiting.claim_next()
    assert settled(writer).state == State.WANTED
    assert engine.requests == []


def test_it_gives_way_at_once(ask: Ask, talk: Conversation, scripted: Script, worker: Worker, writer: Summariser) -> None:
    gate = Gate()
    engine = scripted("In ", gate, "short.")
    said(ask, talk, 6, left=4)
    tasks.summarise()
    assert gate.reached.wait(30)
    answer = scripted("At six.")
    run = ask("When does it open?")
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.answer.text, len(answer.requests)) == ("done", "At six.", 1)
    assert engine.closed.is_set()
    until(lambda: Summary.objects.get().state == State.WANTED)


def test_a_question_that_waits_ends_it_even_where_another_worker_takes_it(
    ask: Ask, talk: Conversation, scripted: Script, writer: Summariser
) -> None:
    gate = Gate()
    engine = scripted("In ", gate)
    said(ask, talk, 6, left=4)
    tasks.summarise()
    assert gate.reached.wait(30)
    ask("When does it open?")
    assert engine.closed.wait(30)
    until(lambda: Summary.objects.get().state == State.WANTED)


def test_it_is_written_after_the_last_answer(ask: Ask, talk: Conversation, scripted: Script, worker: Worker, monkeypatch: Any) -> None:
    sent: list[str] = []
    scripted("At six.")
    said(ask, talk, 6, left=4)
    ask("When does it open?")
    ask("And when does it close?")
    monkeypatch.setattr(queue, "send", sent.append)
    worker.wake()
    worker.wait()
    assert sent == ["chat.wake"]
    worker.wake()
    worker.wait()
    assert sent == ["chat.wake", "chat.summarise"]


def test_only_one_is_written_at_a_time(ask: Ask, talk: Conversation) -> None:
    said(ask, talk, 6, left=4)
    other = ask("Another talk?").conversation
    assert waiting.claim_next()
    Generation.objects.update(status="done")
    Summary.objects.create(conversation=other, wanted_upto=2)
    first = summaries.claim()
    assert first is not None
    assert summaries.claim() is None
    summaries.hand_back(first)
    assert summaries.claim() is not None


def test_deleted_meanwhile_it_is_not_kept(ask: Ask, talk: Conversation, scripted: Script, writer: Summariser) -> None:
    gate = Gate()
    scripted("In ", gate, "short.")
    said(ask, talk, 6, left=4)
    tasks.summarise()
    assert gate.reached.wait(30)
    services.delete(conversation=talk)
    gate.open()
    loop.run(writer.idle())
    assert Summary.objects.get().text == ""
    assert summaries.claim() is None


def test_erased_meanwhile_nothing_is_left(ask: Ask, talk: Conversation) -> None:
    said(ask, talk, 6, left=4)
    row = summaries.claim()
    assert row is not None
    Conversation.objects.filter(pk=talk.pk).delete()
    assert not summaries.beat(row)
    assert not summaries.keep(row, text="In short.", engine="scripted")
    assert not Summary.objects.exists()


def test_where_more_is_wanted_meanwhile_less_is_not_kept(ask: Ask, talk: Conversation) -> None:
    said(ask, talk, 6, left=4)
    row = summaries.claim()
    assert row is not None
    said(ask, talk, 7, left=8)
    assert not summaries.keep(row, text="In short.", engine="scripted")
    kept = Summary.objects.get()
    assert (kept.state, kept.wanted_upto, kept.text) == (State.WANTED, 8, "")


def test_kept_first_it_is_made_longer_afterwards(ask: Ask, talk: Conversation) -> None:
    said(ask, talk, 6, left=4)
    row = summaries.claim()
    assert row is not None
    assert summaries.keep(row, text="In short.", engine="scripted")
    said(ask, talk, 7, left=4, summed=4)
    kept = Summary.objects.get()
    assert (kept.state, kept.wanted_upto, kept.upto, kept.text) == (State.WANTED, 8, 4, "In short.")


@pytest.mark.parametrize("engine", [ScriptedEngine(EngineError("broken")), ScriptedEngine("  \n"), QuoteEngine()])
def test_where_no_model_can_it_is_left(ask: Ask, talk: Conversation, answers_with: Any, writer: Summariser, engine: Any) -> None:
    answers_with(engine)
    said(ask, talk, 6, left=4)
    row = settled(writer)
    assert (row.state, row.text, row.upto) == (State.FAILED, "", 0)
    assert not Summary.objects.waiting().exists()
    said(ask, talk, 7, left=8)
    assert Summary.objects.waiting().exists()


def test_a_database_that_is_away_for_a_moment_ends_no_summary(
    ask: Ask, talk: Conversation, scripted: Script, writer: Summariser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate, beat = Gate(), summaries.beat
    missed: list[Summary] = []

    def first_missed(row: Summary) -> bool:
        if not missed:
            missed.append(row)
            raise OperationalError("It is away.")
        gate.open()
        return beat(row)

    monkeypatch.setattr(summaries, "beat", first_missed)
    scripted("In ", gate, "short.")
    said(ask, talk, 6, left=4)
    assert settled(writer).text == "In short."
    assert "a heartbeat was missed (It is away.)" in caplog.text


def test_a_fault_of_our_own_is_told_and_the_next_one_is_written(
    ask: Ask, talk: Conversation, scripted: Script, writer: Summariser, caplog: pytest.LogCaptureFixture
) -> None:
    scripted(ValueError("a fault"))
    said(ask, talk, 6, left=4)
    assert settled(writer).state == State.FAILED
    until(lambda: "summaries: a fault" in caplog.text)
    scripted("In short.")
    said(ask, talk, 7, left=8)
    assert settled(writer).text == "In short."


def test_what_a_dead_worker_had_begun_is_begun_again_a_few_times(ask: Ask, talk: Conversation, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "send", lambda *_: None)
    said(ask, talk, 6, left=4)
    for _ in range(summaries.ATTEMPTS_MAX):
        row = summaries.claim()
        assert row is not None
        Summary.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
        summaries.sweep()
        assert not summaries.keep(row, text="late", engine="scripted")
    assert Summary.objects.get().state == State.FAILED


def test_the_sweep_sends_for_what_waits(ask: Ask, talk: Conversation, monkeypatch: Any) -> None:
    said(ask, talk, 6, left=4)
    sent: list[str] = []
    monkeypatch.setattr(queue, "has_messages", lambda _: False)
    monkeypatch.setattr(queue, "send", sent.append)
    summaries.sweep()
    assert sent == ["chat.summarise"]


def test_a_worker_that_ends_begins_nothing(ask: Ask, talk: Conversation, scripted: Script, writer: Summariser) -> None:
    engine = scripted("In short.")
    said(ask, talk, 6, left=4)
    loop.call(writer.end)
    assert settled(writer).state == State.WANTED
    assert engine.requests == []


def test_a_summary_that_has_no_room_is_not_made_longer(ask: Ask, talk: Conversation, scripted: Script, writer: Summariser) -> None:
    scripted("In short.")
    said(ask, talk, 6, left=4)
    settled(writer)
    said(ask, talk, 7, left=12, summed=0)
    assert not Summary.objects.waiting().exists()


def test_what_is_too_long_is_read_in_part(ask: Ask, talk: Conversation, answers_with: Any, writer: Summariser) -> None:
    class Narrow(ScriptedEngine):
        async def stream(self, request: ChatRequest) -> Any:
            self.requests.append(request)
            if len(self.requests) < 3:
                raise PromptTooLong
            yield TextPiece("In short.")

    engine = answers_with(Narrow())
    said(ask, talk, 6, left=4)
    assert settled(writer).text == "In short."
    assert len(engine.requests) == 3


def test_it_asks_no_more_than_the_model_can_read(ask: Ask, conversation: Conversation) -> None:
    for number in range(6):
        said(ask, conversation, number)
    row = Summary.objects.create(conversation=conversation, wanted_upto=12, text="So far so good.", upto=0)
    request = summaries.request_for(row, 700)
    assert len(request.question) < 700 * 3
    long = summaries.request_for(row, 8192)
    assert "question 0" in long.question
    assert "question 5" in long.question
    assert request.question.count("Summary so far: So far so good.") == 1
