"""Measure this machine: begun on the page, done by the worker that generates, stopped at any time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils.timezone import now

from apps.audit.models import Event
from apps.core import live, loop
from apps.inference import measuring, services, speed
from apps.inference.models import InstalledModel, Measurement
from apps.inference.tasks import break_off_at_end, measure

from .answers import kill
from .machines import installed
from .test_models_page import PAGE

State = Measurement.State


@pytest.fixture
def model(client: Client, tiny: Path) -> InstalledModel:
    """The tiny model, in use."""
    installed(tiny)
    return services.use_model("tiny")


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "READING_S", 0.5)
    monkeypatch.setattr(speed, "WRITING_S", 2.2)  # figures are told once a second


@pytest.fixture
def _fresh_keeper() -> Iterator[None]:
    """A keeper of the loop that tasks use, whose hosts end with the test."""
    services.keeper.cache_clear()
    yield
    loop.run(services.keeper().close())
    services.keeper.cache_clear()


def shown(client: Client) -> str:
    """The page, its spaces made one."""
    return " ".join(client.get("/admin/models/", headers=PAGE).content.decode().split())


def act(client: Client, **fields: str) -> str:
    """What the page says after the button."""
    answer = client.post("/admin/models/measure/", {"model": "tiny"} | fields, headers=PAGE, follow=True)
    return " ".join(answer.content.decode().split())


def begun(model: InstalledModel, **columns: Any) -> Measurement:
    """A measurement that waits for its worker."""
    measurement = measuring.start(model=model)
    Measurement.objects.filter(pk=model.pk).update(**columns)
    return measurement


def test_it_waits_for_the_worker_that_generates(client: Client, model: InstalledModel, root: Any) -> None:
    page = act(client, act="start")
    assert "tiny is being measured." in page
    assert "Stop measuring" in page
    assert "data-going-on" in page
    assert Measurement.objects.get().state == State.WAITING
    assert Event.objects.get(action="model.measured").actor == root


@pytest.mark.django_db(transaction=True)
def test_its_task_goes_to_the_queue_of_answers(model: InstalledModel) -> None:
    measuring.start(model=model)
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    assert live.client().llen(f"{prefix}generation") == 1


def test_only_the_model_in_use_is_measured(client: Client, model: InstalledModel) -> None:
    services.use_no_model()
    assert "Only the model that answers can be measured" in act(client)
    assert "Measure this machine" not in shown(client)
    assert not Measurement.objects.exists()


def test_one_at_a_time(client: Client, model: InstalledModel) -> None:
    begun(model)
    assert "A measurement is going on." in act(client)
    assert measuring.claim() == model
    assert "A measurement is going on." in act(client)
    assert measuring.claim() is None


def test_one_that_died_with_its_worker_is_begun_anew(client: Client, model: InstalledModel) -> None:
    begun(model, state=State.RUNNING, beat_at=now() - timedelta(seconds=91))
    assert "Measure this machine" in shown(client)
    assert "tiny is being measured." in act(client)


def test_it_is_stopped_before_it_began(client: Client, model: InstalledModel) -> None:
    begun(model)
    assert "The measurement was stopped." in act(client, act="stop")
    assert "Measure this machine" in shown(client)
    assert measuring.claim() is None


@pytest.mark.django_db(transaction=True)
def test_a_permit_too_many_does_nothing(model: InstalledModel) -> None:
    measure()
    assert not Measurement.objects.exists()
    services.use_no_model()
    measure()


@pytest.mark.usefixtures("_quick", "_fresh_keeper")
@pytest.mark.django_db(transaction=True)
def test_the_worker_measures_and_the_card_shows_it(client: Client, model: InstalledModel) -> None:
    begun(model)
    measure()
    found = Measurement.objects.get()
    assert (found.state, found.error) == (State.OVER, "")
    assert min(found.prompt_tokens_per_s or 0, found.tokens_per_s or 0, found.busy_tokens_per_s or 0) > 0
    Measurement.objects.update(tokens_per_s=1234.5)
    page = shown(client)
    assert "1234.5 tokens/s" in page
    assert "Measure this machine" in page


@pytest.mark.usefixtures("_fresh_keeper")
@pytest.mark.django_db(transaction=True)
def test_it_is_stopped_while_it_runs_and_old_figures_stay(client: Client, model: InstalledModel) -> None:
    begun(model, tokens_per_s=7.0, measured_at=now())
    running = in_thread()
    until_running()
    act(client, act="stop")
    running.join(timeout=20)
    assert not running.is_alive()
    found = Measurement.objects.get()
    assert (found.state, found.tokens_per_s, found.error) == (State.OVER, 7.0, "")


@pytest.mark.usefixtures("_fresh_keeper")
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_stopped_does_not_wait_for_it(model: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ending", threading.Event())
    begun(model)
    running = in_thread()
    until_running()
    break_off_at_end()
    running.join(timeout=20)
    assert not running.is_alive()
    assert "its worker was stopped" in Measurement.objects.get().error


@pytest.mark.usefixtures("_fresh_keeper")
@pytest.mark.django_db(transaction=True)
def test_a_model_that_dies_gives_a_sentence(client: Client, model: InstalledModel) -> None:
    begun(model)
    running = in_thread()
    until_running()
    loop.run(kill_the_host())
    running.join(timeout=30)
    assert "process" in Measurement.objects.get().error  # it was loading, or in mid-answer
    assert Measurement.objects.get().error in unescape(shown(client))


def in_thread() -> threading.Thread:
    """The task, as a worker runs it."""

    def work() -> None:
        try:
            measure()
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def until_running() -> None:
    """Wait until the worker has told how far it is."""
    ready = threading.Event()
    for _ in range(600):
        if Measurement.objects.filter(state=State.RUNNING, percent__gt=0).exists():
            return
        ready.wait(0.05)
    raise TimeoutError


async def kill_the_host() -> None:
    """End the process of the model while it writes."""
    async with asyncio.timeout(20):
        await kill(services.keeper())
