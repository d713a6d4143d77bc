"""What was left lying: runs of dead workers and for nobody, permits that were lost, conversations whose time for undo is over."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, models, transaction
from django.utils import timezone

from apps.audit.services import record
from apps.chat.ending import end
from apps.chat.models import Conversation, Generation
from apps.chat.services import UNDO_FOR, stop
from apps.chat.snapshots import Written, written_so_far
from apps.chat.waiting import tell_places_on_commit, wake_free_slots
from apps.core import queue
from apps.workspaces.models import Membership

logger = logging.getLogger(__name__)
DEAD_AFTER = timedelta(seconds=8)  # 16 beats
TAKEOVERS_MAX = 1
PROGRAMS_KEPT_FOR = timedelta(hours=1)

Status = Generation.Status


def sweep() -> None:
    """Take dead runs over, stop those that nobody may read, wake sleeping workers, erase what was deleted. Safe to run twice at once."""
    for pk in _dead().values_list("pk", flat=True):
        try:
            _take_over(pk)
        except DatabaseError:  # the next ones must not wait for it
            logger.exception("sweep: run %s could not be taken over", pk)
    for run in _for_nobody():
        stop(run=run)
    Conversation.objects.filter(deleted_at__lt=timezone.now() - UNDO_FOR).delete()
    _of_programs_before().delete()
    if not queue.has_messages("generation"):
        wake_free_slots()


def _dead() -> models.QuerySet[Generation]:
    """Runs whose worker has not been heard of for a while."""
    taken = Generation.objects.filter(status__in=(Status.RUNNING, Status.STOPPING))
    return taken.filter(beat_at__lt=timezone.now() - DEAD_AFTER)


def _of_programs_before() -> models.QuerySet[Conversation]:
    """What programs asked so long ago that nobody waits for it: it was theirs to keep."""
    unfinished = Generation.objects.active().filter(conversation=models.OuterRef("pk"))
    old = Conversation.objects.filter(is_program=True, updated_at__lt=timezone.now() - PROGRAMS_KEPT_FOR)
    return old.filter(~models.Exists(unfinished))


def _for_nobody() -> models.QuerySet[Generation]:
    """Runs of people who were disabled or removed since they asked, and of deleted workspaces: their place in the queue is another's."""
    active = Membership.objects.filter(user__is_active=True, workspace__deleted_at=None)
    places = active.filter(workspace=models.OuterRef("workspace"), user=models.OuterRef("asked_by"))
    unfinished = Generation.objects.filter(status__in=(Status.QUEUED, Status.RUNNING))
    return unfinished.filter(~models.Exists(places)).order_by("pk")


@transaction.atomic
def _take_over(pk: UUID) -> None:
    run = _dead().select_for_update(skip_locked=True).filter(pk=pk).first()
    if run is None:  # another sweep has it, or its worker was only late
        return
    written = written_so_far(run)
    if run.status == Status.STOPPING:
        end(run, status=Status.STOPPED, written=written)
    elif run.takeovers >= TAKEOVERS_MAX:
        end(run, status=Status.FAILED, written=written, error="worker_lost")
    else:
        _requeue(run, written)
    record("chat.worker_lost", workspace=run.workspace_id, target=run.pk, attempt=run.attempt, status=run.status)


def _requeue(run: Generation, written: Written) -> None:
    """Let another worker go on from all that was shown."""
    run.text, run.thinking, run.citations, run.calls = written.text, written.thinking, written.citations, written.calls
    run.notes = [*written.notes, "worker_restarted"]
    run.takeovers += 1
    run.status, run.beat_at = Status.QUEUED, None
    run.save()
    tell_places_on_commit()
