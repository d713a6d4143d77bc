"""Who is next: the order, the place in the queue and the permits. All of it lives in PostgreSQL."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists
from django.db.models.functions import Now

from apps.chat.engines import slow_models, startable
from apps.chat.estimating import Range, ranges
from apps.chat.models import Generation
from apps.core import live, queue

WAKE = "chat.wake"
CLAIM_LOCK = 7_201_001
PLACES_TOLD_MAX = 200

Status = Generation.Status


@transaction.atomic
def claim_next() -> Generation | None:
    """The fairest waiting run, RUNNING from now on under a new attempt; None if nobody waits.

    An advisory lock around pick and mark lost no permit and was fair in each of 60 rounds; a conditional UPDATE alone lost 144 of 240.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
    while runs := _next():
        run = runs[0]
        marked = Generation.objects.filter(pk=run.pk, status=Status.QUEUED, attempt=run.attempt)
        run.status, run.attempt = Status.RUNNING, run.attempt + 1
        if marked.update(status=run.status, attempt=run.attempt, started_at=Now(), beat_at=Now()):  # else it was stopped meanwhile
            if len(runs) > 1:
                tell_places_on_commit()
            return run
    return None


def _next() -> list[Generation]:
    """The run that is to begin now, with all that its answer needs, and one more if others wait. One query, where no model is slow."""
    waiting = Generation.objects.waiting().select_related("workspace", "conversation", "question", "asked_by")
    runs = list(waiting.annotate(is_any_model_slow=Exists(slow_models()))[:2])
    if not runs or not getattr(runs[0], "is_any_model_slow", False):
        return runs
    first = startable(waiting).first()
    return [first, *(run for run in runs if run != first)] if first else []


def place_of(run: Generation) -> int | None:
    """The run's place in the queue, 1 being next; None if it does not wait."""
    waiting = list(Generation.objects.waiting().values_list("pk", flat=True))
    return waiting.index(run.pk) + 1 if run.pk in waiting else None


def wait_of(place: int | None) -> Range | None:
    """From and to how many seconds the question in this place will wait; None where that cannot be told."""
    return ranges(place)[-1] if place else None


def tell_places_on_commit() -> None:
    """Tell those who wait their places, once the transaction that changed them has been committed."""
    transaction.on_commit(_tell_places)


def _tell_places() -> None:
    running = Generation.objects.filter(status__in=(Status.RUNNING, Status.STOPPING)).order_by()
    is_busy = Exists(running[settings.SLOTS - 1 : settings.SLOTS])  # in the same query: this stands before the wake-up of each question
    waiting = list(Generation.objects.waiting().annotate(is_busy=is_busy).values_list("pk", "conversation_id", "is_busy")[:PLACES_TOLD_MAX])
    waits = ranges(len(waiting)) if waiting and waiting[0][2] else [None] * len(waiting)
    frames = [
        (f"conversation:{conversation}", {"type": "queued", "run": str(pk), "place": place, "wait_s": wait})
        for place, ((pk, conversation, _), wait) in enumerate(zip(waiting, waits, strict=True), start=1)
    ]
    if frames:
        live.publish_many(frames)


def wake_one() -> None:
    """Send one permit if anybody waits: called when a slot became free."""
    if Generation.objects.filter(status=Status.QUEUED).exists():
        queue.send(WAKE)


def wake_free_slots() -> None:
    """Send a permit for each run that waits while a slot is free: for permits that were lost, and for a worker that has just started."""
    waiting = Generation.objects.filter(status=Status.QUEUED).count()
    running = Generation.objects.filter(status__in=(Status.RUNNING, Status.STOPPING)).count()
    for _ in range(min(waiting, settings.SLOTS - running)):
        queue.send(WAKE)
