"""Who is next: fair, and nobody twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.accounts.models import User
from apps.chat import services, waiting
from apps.chat.models import Generation
from tests.chat.conftest import Ask

pytestmark = pytest.mark.django_db


def order() -> list[str]:
    """The questions in the order in which they are claimed."""
    claimed = []
    while run := waiting.claim_next():
        claimed.append(run.question.text)
    return claimed


def test_a_claimed_run_is_running(ask: Ask) -> None:
    run = ask()
    claimed = waiting.claim_next()
    assert claimed == run
    assert claimed is not None
    assert (claimed.status, claimed.attempt) == ("running", 1)
    claimed.refresh_from_db()
    assert (claimed.status, claimed.attempt, claimed.started_at is not None, claimed.beat_at is not None) == ("running", 1, True, True)


def test_nobody_waits(installation: object) -> None:
    assert waiting.claim_next() is None


def test_one_person_s_questions_come_in_their_order(ask: Ask) -> None:
    for text in "abc":
        ask(text)
    assert order() == ["a", "b", "c"]


def test_a_greedy_person_delays_nobody(ask: Ask, bob: User) -> None:
    for text in ("a1", "a2", "a3"):
        ask(text)
    ask("b1", asked_by=bob)
    assert order() == ["a1", "b1", "a2", "a3"]


def test_who_was_served_longest_ago_is_next(ask: Ask, bob: User, charlie: User) -> None:
    served_at(ask("old b", asked_by=bob), minutes_ago=5)
    served_at(ask("old a"), minutes_ago=1)
    ask("a")
    ask("b", asked_by=bob)
    ask("c", asked_by=charlie)
    assert order() == ["c", "b", "a"]


def test_talk_comes_before_programs(ask: Ask, bob: User) -> None:
    ask("program", lane=Generation.Lane.API)
    ask("talk", asked_by=bob)
    assert order() == ["talk", "program"]


def test_the_place_is_the_order(ask: Ask, bob: User) -> None:
    runs = {text: ask(text) for text in ("a1", "a2")} | {"b1": ask("b1", asked_by=bob)}
    places = {text: waiting.place_of(run) for text, run in runs.items()}
    assert places == {"a1": 1, "b1": 2, "a2": 3}
    assert order() == sorted(places, key=lambda text: places[text] or 0)


def test_a_run_that_does_not_wait_has_no_place(ask: Ask) -> None:
    run = ask()
    waiting.claim_next()
    assert waiting.place_of(run) is None


def test_a_stopped_run_is_not_claimed(ask: Ask) -> None:
    services.stop(run=ask())
    assert waiting.claim_next() is None


def test_a_run_that_is_stopped_after_it_was_picked_is_not_claimed(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ask(), ask()
    pick = waiting._next

    def picked_and_stopped() -> list[Generation]:
        runs = pick()
        if runs[0] == first:
            services.stop(run=first)
        return runs

    monkeypatch.setattr(waiting, "_next", picked_and_stopped)
    assert waiting.claim_next() == second
    first.refresh_from_db()
    assert (first.status, first.attempt) == ("stopped", 0)


@pytest.mark.django_db(transaction=True)
def test_no_permit_is_lost_and_none_is_taken_twice(ask: Ask, bob: User) -> None:
    for number in range(12):
        ask(f"question {number}", asked_by=bob if number % 3 else ask().asked_by)
    waiting_count = Generation.objects.count()
    claimed: list[Generation] = []
    threads = [threading.Thread(target=claim_into, args=(claimed, waiting_count // 4 + 1)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len({run.pk for run in claimed}) == waiting_count


def claim_into(claimed: list[Generation], permits: int) -> None:
    """Take so many permits, and keep what they gave."""
    claimed.extend(run for _ in range(permits) if (run := waiting.claim_next()))
    connection.close()


def served_at(run: Generation, *, minutes_ago: int) -> None:
    """As if the run had been taken then, and had ended."""
    Generation.objects.filter(pk=run.pk).update(status="done", started_at=timezone.now() - timedelta(minutes=minutes_ago))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The permits that were sent."""
    names: list[str] = []
    monkeypatch.setattr("apps.core.queue.send", names.append)
    return names


def test_a_free_slot_gets_a_permit_if_anybody_waits(ask: Ask, sent: list[str]) -> None:
    waiting.wake_one()
    assert sent == []
    ask()
    waiting.wake_one()
    assert sent == ["chat.wake"]


@pytest.mark.parametrize(("waiting_count", "running", "permits"), [(3, 0, 3), (9, 0, 4), (3, 3, 1), (3, 4, 0), (0, 0, 0)])
def test_each_free_slot_gets_a_permit(ask: Ask, sent: list[str], waiting_count: int, running: int, permits: int) -> None:
    for _ in range(running):
        ask()
        waiting.claim_next()
    for _ in range(waiting_count):
        ask()
    waiting.wake_free_slots()
    assert len(sent) == permits


def test_a_question_sends_a_permit(ask: Ask, sent: list[str], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ask()
    assert sent == ["chat.wake"]
