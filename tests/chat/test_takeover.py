"""A worker that dies or ends: another one goes on, once, from what was shown; the late one is silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.audit.models import Event
from apps.chat import ending, services, snapshots, waiting
from apps.chat.answer import shift
from apps.chat.models import Conversation, Generation
from apps.chat.snapshots import Written
from apps.chat.sweep import sweep
from apps.core import live, loop
from tests.chat.conftest import Ask, Watcher, Worker, until
from tests.chat.scripted import DEADLINE_S, Gate, ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]
Watch = Callable[[str], Watcher]


@pytest.fixture
def run(ask: Ask) -> Generation:
    """A run that a worker has taken."""
    ask()
    taken = waiting.claim_next()
    assert taken is not None
    return taken


def die(run: Generation, **row: Any) -> Generation:
    """As if the worker had died a while ago, with this in the row."""
    Generation.objects.filter(pk=run.pk).update(beat_at=timezone.now() - timedelta(seconds=30), **row)
    run.refresh_from_db()
    return run


def test_a_dead_worker_s_run_waits_again(run: Generation) -> None:
    die(run, text="One, two,")
    sweep()
    run.refresh_from_db()
    assert (run.status, run.takeovers, run.text, run.notes) == ("queued", 1, "One, two,", ["worker_restarted"])
    assert Event.objects.get(action="chat.worker_lost").target == str(run.pk)


def test_a_living_worker_s_run_is_left_alone(run: Generation) -> None:
    sweep()
    run.refresh_from_db()
    assert (run.status, run.attempt, run.takeovers) == ("running", 1, 0)


def test_a_second_death_fails_the_run_and_keeps_its_words(run: Generation) -> None:
    die(run, text="One, two,", takeovers=1)
    sweep()
    run.refresh_from_db()
    assert (run.status, run.error, run.answer.text) == ("failed", "worker_lost", "One, two,")


def test_who_was_to_stop_is_stopped(run: Generation) -> None:
    die(run, text="One, two,", status="stopping")
    sweep()
    run.refresh_from_db()
    assert (run.status, run.error, run.answer.text) == ("stopped", "", "One, two,")


def test_two_sweeps_are_one(run: Generation) -> None:
    die(run)
    sweep()
    sweep()
    run.refresh_from_db()
    assert (run.status, run.takeovers) == ("queued", 1)


def test_the_next_attempt_goes_on_from_what_was_shown(
    ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation
) -> None:
    gate = Gate()
    engine = scripted("One, two,", gate, " three.")
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    worker.wake()
    watcher.until("delta")
    die(run, text="One,")  # Redis knows more than the row
    sweep()
    worker.wake()
    watcher.until("started", attempt=2)
    gate.open()
    ended = watcher.until("ended")
    assert (ended["attempt"], ended["text"], ended["notes"]) == (2, "One, two, three.", ["worker_restarted"])
    assert engine.requests[1].written == "One, two,"


def test_the_first_attempt_is_silent_after_a_takeover(run: Generation) -> None:
    die(run)
    sweep()
    second = waiting.claim_next()
    assert second is not None
    assert not Generation.objects.beat(pk=run.pk, attempt=1, text="late")
    assert not ending.finish(pk=run.pk, attempt=1, seq=9, status="done", written=Written(text="late"))
    assert not ending.hand_over(pk=run.pk, attempt=1, written=Written(text="late"))
    assert Generation.objects.beat(pk=run.pk, attempt=second.attempt, text="on time")
    assert Generation.objects.get().text == "on time"


def test_a_late_beat_between_sweep_and_claim_changes_nothing(run: Generation) -> None:
    die(run, text="One")
    sweep()
    assert not Generation.objects.beat(pk=run.pk, attempt=1, text="late")
    assert Generation.objects.get().text == "One"


def test_a_worker_that_lost_its_run_stops_writing(
    ask: Ask, scripted: Script, worker: Worker, watch: Watch, conversation: Conversation
) -> None:
    engine = scripted("One", Gate(), " two")
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    worker.wake()
    watcher.until("delta")
    Generation.objects.filter(pk=run.pk).update(attempt=7)
    worker.wait()
    assert engine.closed.is_set()
    run.refresh_from_db()
    assert (run.status, run.attempt, run.answer.text) == ("running", 7, "")


def test_a_conversation_erased_in_mid_answer_ends_the_run(ask: Ask, scripted: Script, worker: Worker) -> None:
    gate = Gate()
    engine = scripted("One", gate)
    run = ask()
    worker.wake()
    assert gate.reached.wait(DEADLINE_S)
    run.conversation.delete()
    worker.wait()
    assert engine.closed.is_set()
    assert not Generation.objects.exists()


@pytest.fixture
def _shift_begins_again() -> Iterator[None]:
    yield
    shift.is_over = False


@pytest.mark.usefixtures("_shift_begins_again")
def test_a_worker_that_ends_hands_over(ask: Ask, scripted: Script, worker: Worker) -> None:
    gate = Gate()
    scripted("One, two,", gate, " three.")
    run = ask()
    worker.wake()
    until(lambda: snapshots.snapshot_frame(run_now(run))["text"])
    loop.call(shift.end)
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.text, run.takeovers, run.notes) == ("queued", "One, two,", 0, [])
    shift.is_over = False
    gate.open()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.attempt, run.answer.text) == ("done", 2, "One, two, three.")


@pytest.mark.usefixtures("_shift_begins_again")
def test_a_worker_that_ends_takes_nothing_any_more(ask: Ask, scripted: Script, worker: Worker) -> None:
    shift.is_over = True
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert run.status == "queued"


@pytest.mark.usefixtures("_shift_begins_again")
def test_who_is_to_stop_is_not_handed_over(ask: Ask, scripted: Script, worker: Worker) -> None:
    gate = Gate()
    scripted("One", gate)
    run = ask()
    worker.wake()
    until(lambda: snapshots.snapshot_frame(run_now(run))["text"])
    Generation.objects.filter(pk=run.pk).update(status="stopping")
    loop.call(shift.end)
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.answer.text) == ("stopped", "One")


def test_before_the_first_frame_a_snapshot_tells_the_attempt_before(run: Generation) -> None:
    die(run, text="One, two,")
    sweep()
    second = waiting.claim_next()
    assert second is not None
    frame = snapshots.snapshot_frame(second)
    assert (frame["attempt"], frame["seq"], frame["text"], frame["tail"]) == (1, 0, "One, two,", "One, two,")


def test_the_sweep_erases_what_was_deleted(conversation: Conversation, ask: Ask) -> None:
    ask(conversation=conversation)
    services.delete(conversation=conversation)
    sweep()
    assert Conversation.objects.count() == 1
    Conversation.objects.update(deleted_at=timezone.now() - services.UNDO_FOR * 2)
    sweep()
    assert Conversation.objects.count() == 0


def test_a_snapshot_needs_no_redis(run: Generation, monkeypatch: pytest.MonkeyPatch) -> None:
    Generation.objects.filter(pk=run.pk).update(text="One,")
    live.client().flushdb()
    frame = snapshots.snapshot_frame(run_now(run))
    assert (frame["status"], frame["attempt"], frame["text"]) == ("running", 1, "One,")


def run_now(run: Generation) -> Generation:
    """The run as its row is now."""
    return Generation.objects.get(pk=run.pk)
