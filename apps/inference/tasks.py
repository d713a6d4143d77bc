"""What the workers do for models: get them, read them again, and sweep up."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.db import connection

from apps.core import loop
from apps.inference import downloader, downloads, fitting, keeping, measuring, telling
from apps.inference.background import Background
from apps.inference.desk import desk

getting = Background("downloads", downloader.run_all)
reading = Background("verifications", keeping.verify_asked)
HAND_BACK_S = 3.0
GENERATION = "generation"  # the queue of the worker that loads models


@shared_task(name="inference.wake", ignore_result=True)
def wake() -> None:
    """Get what was asked for, and read what is to be read again, each in a thread of its own. Safe to lose and to deliver twice."""
    getting.wake()
    reading.wake()


@shared_task(name=measuring.TASK, ignore_result=True)
def measure() -> None:
    """Measure the model that waits for it, if one does. Safe to lose and to deliver twice."""
    model = measuring.claim()
    connection.close()  # nobody needs it meanwhile
    if model is not None:
        loop.run(measuring.run(model))


@shared_task(name="inference.sweep", ignore_result=True)
def sweep() -> None:
    """Put right what a dead worker left, and send the wake-ups that were lost."""
    downloads.sweep()


@worker_ready.connect
def wake_at_start(**_: Any) -> None:
    """Whoever waited for a worker is served now."""
    downloads.wake_for_waiting()
    connection.close()


@worker_ready.connect
def keep_models(sender: Any = None, **_: Any) -> None:
    """The worker that generates loads the models: what it has is what counts, and it has their hosts, those of finders too.

    Those are loaded unasked, so not before it was seen what is free on the graphics cards.
    """
    if sender is not None and GENERATION in sender.app.amqp.queues.consume_from:
        telling.keep_telling(fitting.look, then=lambda: loop.call(lambda: desk().open()))


@worker_shutting_down.connect
def hand_back_at_end(**_: Any) -> None:
    """A download goes on in the next worker, from where it is."""
    downloader.end()


@worker_shutting_down.connect
def break_off_at_end(**_: Any) -> None:
    """A worker that is stopped does not wait for a measurement."""
    measuring.ending.set()


@worker_shutdown.connect
def wait_at_end(**_: Any) -> None:
    """The thread ends with the process: give it the moment that it needs."""
    getting.join(HAND_BACK_S)
