"""When permits are sent: at the end of a run, at the start of a worker, by the sweep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.chat import tasks, waiting
from apps.chat.models import Generation
from apps.core import queue
from tests.chat.conftest import Ask, Worker
from tests.chat.scripted import ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The permits that were sent."""
    names: list[str] = []
    monkeypatch.setattr(queue, "send", names.append)
    return names


def test_a_run_that_ends_wakes_who_waits(ask: Ask, scripted: Script, worker: Worker, sent: list[str]) -> None:
    scripted("Six.")
    ask()
    ask()
    sent.clear()
    worker.wake()
    worker.wait()
    assert sent == ["chat.wake"]


def test_the_last_run_wakes_nobody(ask: Ask, scripted: Script, worker: Worker, sent: list[str]) -> None:
    scripted("Six.")
    ask()
    sent.clear()
    worker.wake()
    worker.wait()
    assert sent == []


def test_a_run_that_fails_wakes_who_waits_too(ask: Ask, scripted: Script, sent: list[str]) -> None:
    scripted("So far", ZeroDivisionError())
    ask()
    ask()
    sent.clear()
    with pytest.raises(ZeroDivisionError):
        tasks.wake()
    assert sent == ["chat.wake"]


def test_a_permit_without_a_question_does_nothing(installation: object, scripted: Script, worker: Worker, sent: list[str]) -> None:
    engine = scripted("Six.")
    worker.wake()
    worker.wait()
    assert (engine.requests, sent) == ([], [])


def test_a_worker_that_starts_serves_who_waited(ask: Ask, sent: list[str]) -> None:
    ask()
    ask()
    sent.clear()
    tasks.wake_at_start()
    assert sent == ["chat.wake"] * 2


def test_the_sweep_sends_what_was_lost(ask: Ask, sent: list[str]) -> None:
    ask()
    sent.clear()
    tasks.sweep()
    assert sent == ["chat.wake"]


def test_the_sweep_wakes_another_worker_for_a_dead_one_s_run(ask: Ask, sent: list[str]) -> None:
    ask()
    waiting.claim_next()
    Generation.objects.update(beat_at=timezone.now() - timedelta(seconds=30))
    sent.clear()
    tasks.sweep()
    assert sent == ["chat.wake"]


def test_a_broker_that_is_gone_costs_no_question(ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr("celery.app.base.Celery.send_task", refuse)
    assert ask().status == "queued"
    assert "the sweep will" in caplog.text
