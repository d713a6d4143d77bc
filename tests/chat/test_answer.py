"""A run from its claim to its end, through the task, on the real Redis and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from apps.chat import composing, engines, prompting, services, snapshots
from apps.chat.blocks import render
from apps.chat.models import Conversation, Generation
from apps.inference.engines.base import EngineError, EngineUnavailable, ThinkingPiece, UsagePiece
from apps.inference.host_process import HostStatus
from tests.chat.conftest import Ask, Watcher, Worker, until
from tests.chat.scripted import Gate, ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]
Watch = Callable[[str], Watcher]


def test_it_answers(ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    scripted("The harbour ", "opens at **six**.\n\n", "It closes at ten.")
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    worker.wake()
    ended = watcher.until("ended")
    run.refresh_from_db()
    assert run.answer.text == ended["text"] == watcher.text() == "The harbour opens at **six**.\n\nIt closes at ten."
    assert run.answer.html == ended["html"] == render(run.answer.text)
    assert (run.status, ended["status"], run.answer.engine) == ("done", "done", "scripted")
    assert [frame["type"] for frame in watcher.frames][:3] == ["asked", "queued", "started"]


def test_passages_are_looked_for_on_threads_of_their_own(
    ask: Ask, scripted: Script, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def prepared(run: Generation) -> Any:
        threads.append(threading.current_thread().name)
        return prompting.prepare(run)

    monkeypatch.setattr(composing, "prepare", prepared)
    scripted("At six.")
    ask()
    worker.wake()
    worker.wait()
    assert [name.split("_")[0] for name in threads] == ["search"]


def test_frames_are_numbered_without_a_hole(ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    gate = Gate()
    scripted("one ", gate, "two")
    watcher = watch(f"conversation:{conversation.pk}")
    ask(conversation=conversation)
    worker.wake()
    watcher.until("delta")
    gate.open()
    ended = watcher.until("ended")
    deltas = [frame for frame in watcher.frames if frame["type"] == "delta"]
    assert [frame["seq"] for frame in deltas] == list(range(1, ended["seq"] + 1))
    assert {frame["attempt"] for frame in deltas} == {1}


def test_finished_blocks_come_as_html(ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    scripted("# Zeiten 🚢\n\nfirst\n\nsecond")
    watcher = watch(f"conversation:{conversation.pk}")
    ask(conversation=conversation)
    worker.wake()
    delta = watcher.until("delta")
    assert delta["blocks"][0] == {"take": len("# Zeiten 🚢\n") + 1, "html": "<h3>Zeiten 🚢</h3>\n"}
    assert delta["blocks"][1]["html"].strip() == "<p>first</p>"


def test_thinking_stays_apart(ask: Ask, scripted: Script, worker: Worker) -> None:
    scripted(ThinkingPiece("hm, "), ThinkingPiece("six"), "Six.", UsagePiece(10, 2, 12.34))
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.answer.thinking, run.answer.text) == ("hm, six", "Six.")
    assert (run.answer.tokens, run.answer.tokens_per_s) == (2, 12.3)


def test_the_row_follows_while_it_runs(ask: Ask, scripted: Script, worker: Worker) -> None:
    gate = Gate()
    scripted("half of it", gate)
    run = ask()
    worker.wake()
    until(lambda: Generation.objects.get(pk=run.pk).text == "half of it")
    assert snapshots.snapshot_frame(Generation.objects.get(pk=run.pk))["text"] == "half of it"
    gate.open()


def test_a_model_that_fails_at_once_is_replaced(ask: Ask, scripted: Script, worker: Worker) -> None:
    scripted(EngineUnavailable("no memory"), name="big model")
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.answer.engine, run.notes) == ("done", "quote", ["model_failed"])
    assert "No model is installed" in run.answer.text


def test_an_engine_that_breaks_off_goes_on_once(ask: Ask, answers_with: Any, worker: Worker) -> None:
    engine = answers_with(BreaksOff("One, two, ", "three.", failures=1))
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.answer.text, run.notes, run.engine_aborts) == ("done", "One, two, three.", ["engine_restarted"], 1)
    assert [request.written for request in engine.requests] == ["", "One, two,"]


def test_an_engine_that_breaks_off_twice_fails_and_keeps_its_words(ask: Ask, answers_with: Any, worker: Worker) -> None:
    answers_with(BreaksOff("One, two, ", "three.", failures=2))
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.error, run.answer.text) == ("failed", "engine_failed", "One, two,")
    assert "kept" in run.error_sentence


def test_an_engine_that_says_nothing_is_given_up(ask: Ask, scripted: Script, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.chat.composing.STALL_S", 0.05)
    engine = scripted("Well,", Gate())
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.error, run.answer.text) == ("failed", "engine_stalled", "Well,")
    assert engine.closed.is_set()


def test_an_engine_that_never_begins_is_replaced_by_quotes(
    ask: Ask, scripted: Script, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.engines.first_piece_s", lambda: 0.05)
    scripted(Gate())
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.notes, run.answer.engine) == ("done", ["model_failed"], "quote")


def test_a_model_that_loads_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = engines.first_piece_s()
    monkeypatch.setattr("apps.inference.host_keeper.HostKeeper.status", lambda _: HostStatus("big", "loading"))
    assert engines.first_piece_s() > loaded + 600


def test_a_fault_of_our_own_ends_the_run_and_is_raised(ask: Ask, scripted: Script) -> None:
    scripted("So far", ZeroDivisionError())
    run = ask()
    with pytest.raises(ZeroDivisionError):
        Worker._work()
    run.refresh_from_db()
    assert (run.status, run.error, run.answer.text) == ("failed", "internal", "So far")


def test_what_no_database_can_hold_is_left_out(ask: Ask, scripted: Script, worker: Worker) -> None:
    scripted("a\0b\ud83dc")
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert run.answer.text == "ab?c"


def test_earlier_turns_come_along(ask: Ask, scripted: Script, worker: Worker, conversation: Conversation) -> None:
    engine = scripted("At six.")
    for question in ("When does the harbour open?", "And in winter?"):
        ask(question, conversation=conversation)
        worker.wake()
        worker.wait()
    assert [turn.text for turn in engine.requests[1].turns] == ["When does the harbour open?", "At six."]
    assert engine.requests[1].question == "And in winter?"


def test_a_question_without_an_answer_is_no_turn(ask: Ask, scripted: Script, worker: Worker, conversation: Conversation) -> None:
    engine = scripted("At six.")
    services.stop(run=ask("Never answered, never mentioned again?", conversation=conversation))
    ask("When does the harbour open?", conversation=conversation)
    worker.wake()
    worker.wait()
    assert engine.requests[0].turns == ()


class BreaksOff(ScriptedEngine):
    """Says its first words, then fails, `failures` times."""

    def __init__(self, first: str, rest: str, *, failures: int) -> None:
        super().__init__(first, EngineError("aborted"), rest)
        self.failures, self.whole = failures, (first, rest)

    async def stream(self, request: Any) -> Any:
        """The script, or the whole text once the failures are over."""
        if len(self.requests) == self.failures:
            self.script = self.whole
        async for piece in super().stream(request):
            yield piece
