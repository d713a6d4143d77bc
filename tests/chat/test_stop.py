"""Stop: at once, in every state, in both orders of each race; what was shown is kept, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.chat import ending, services, waiting
from apps.chat.models import Conversation, Generation
from apps.chat.snapshots import Written
from tests.chat.conftest import Ask, Watcher, Worker
from tests.chat.scripted import DEADLINE_S, Gate, ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]
Watch = Callable[[str], Watcher]


def finish(run: Generation, status: str = "done", text: str = "Six.") -> bool:
    """What a worker says at the end."""
    return ending.finish(pk=run.pk, attempt=run.attempt, seq=3, status=status, written=Written(text=text))


def claimed() -> Generation:
    """The run that waits, taken by a worker."""
    run = waiting.claim_next()
    assert run is not None
    return run


def test_a_waiting_run_stops_at_once(ask: Ask, watch: Watch, conversation: Conversation) -> None:
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    services.stop(run=run)
    ended = watcher.until("ended")
    run.refresh_from_db()
    assert (run.status, ended["status"], ended["text"], ended["error"]) == ("stopped", "stopped", "", None)


def test_a_running_one_keeps_exactly_what_was_shown(
    ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation
) -> None:
    engine = scripted("One, two,", Gate(), " three.")
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    worker.wake()
    watcher.until("delta")
    services.stop(run=run)
    ended = watcher.until("ended")
    run.refresh_from_db()
    assert (run.status, run.answer.text, ended["text"], watcher.text()) == ("stopped", *["One, two,"] * 3)
    assert engine.closed.wait(DEADLINE_S)


def test_what_is_held_back_is_not_kept(ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    scripted("So it is [1", Gate())
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    worker.wake()
    watcher.until("delta")
    services.stop(run=run)
    assert watcher.until("ended")["text"] == watcher.text() == "So it is"


def test_the_heartbeat_hears_what_the_room_did_not(
    ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation
) -> None:
    scripted("One", Gate())
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    worker.wake()
    watcher.until("delta")
    Generation.objects.filter(pk=run.pk).update(status="stopping")
    assert watcher.until("ended")["status"] == "stopped"


def test_stop_just_before_the_end_wins(ask: Ask) -> None:
    ask()
    run = claimed()
    services.stop(run=run)
    assert finish(run)
    run.refresh_from_db()
    assert (run.status, run.answer.text) == ("stopped", "Six.")


def test_stop_just_after_the_end_changes_nothing(ask: Ask) -> None:
    ask()
    run = claimed()
    assert finish(run)
    services.stop(run=run)
    run.refresh_from_db()
    assert (run.status, run.answer.text) == ("done", "Six.")


def test_stopping_twice_is_stopping_once(ask: Ask) -> None:
    ask()
    run = claimed()
    services.stop(run=run)
    services.stop(run=run)
    assert finish(run)
    services.stop(run=run)
    run.refresh_from_db()
    assert run.status == "stopped"


def test_a_stopped_run_cannot_end_twice(ask: Ask) -> None:
    ask()
    run = claimed()
    services.stop(run=run)
    assert finish(run, text="first")
    assert not finish(run, text="second")
    run.refresh_from_db()
    assert run.answer.text == "first"


def test_stop_before_the_worker_is_there(ask: Ask, scripted: Script, worker: Worker) -> None:
    engine = scripted("never")
    services.stop(run=ask())
    worker.wake()
    worker.wait()
    assert engine.requests == []


def test_deleting_the_conversation_stops_its_runs(ask: Ask, conversation: Conversation) -> None:
    ask(conversation=conversation)
    running, queued = claimed(), ask(conversation=conversation)
    services.delete(conversation=conversation)
    assert finish(running)
    assert [Generation.objects.get(pk=run.pk).status for run in (running, queued)] == ["stopped", "stopped"]
