"""What workers do for chat: answer, and sweep up."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import connection

from apps.chat import summaries
from apps.chat.answer import shift
from apps.chat.summarising import summariser
from apps.chat.sweep import sweep as sweep_up
from apps.chat.waiting import claim_next, wake_free_slots, wake_one
from apps.core import loop


@shared_task(name="chat.wake", ignore_result=True)
def wake() -> None:
    """Answer the fairest waiting run, if there is one. Safe to lose and to deliver twice."""
    run = None if shift.is_over else claim_next()
    connection.close()  # nobody needs it while the answer is written
    if run is None:
        return
    loop.call(summariser.give_way)
    try:
        loop.run(shift.answer(run))
    finally:
        wake_one()
        summaries.wake_one()


@shared_task(name=summaries.TASK, ignore_result=True)
def summarise() -> None:
    """Write the summaries that wait, while nobody waits for an answer. Returns at once; safe to lose and to deliver twice."""
    loop.call(summariser.wake)


@shared_task(name="chat.sweep", ignore_result=True)
def sweep() -> None:
    """Take over the runs and summaries of dead workers, and send the permits that were lost."""
    sweep_up()
    summaries.sweep()


@worker_ready.connect
def wake_at_start(**_: Any) -> None:
    """Whoever waited for a worker is served now."""
    wake_free_slots()
    connection.close()


@worker_shutting_down.connect
def hand_over_at_end(**_: Any) -> None:
    """The runs of this worker go back to the queue with what was written: Celery alone would wait for their ends."""
    loop.call(shift.end)
    loop.call(summariser.end)
