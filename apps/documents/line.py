"""The line of files that wait to be read: who is next, and how far all of a workspace's files are.

Turns are handed out as files come: a person's next turn is one after their last, but never before the turn that is next in the line.
So who brings one file waits for one file of each of the others, whoever brought five hundred. (Start-time fair queueing, Goyal 1996.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from apps.core import queue
from apps.documents.models import Document, DocumentVersion, DocumentVersionQuerySet, ReadingLine
from apps.workspaces.models import Workspace

WAKE = "documents.wake"
STOPPED = "stopped"
Status = DocumentVersion.Status

_NEXT_TURN = """
    SELECT greatest(
        coalesce((SELECT min(turn) FROM documents_documentversion WHERE status = 'queued'), 0),
        coalesce((SELECT max(turn) + 1 FROM documents_documentversion WHERE status = 'queued' AND added_by_id = %s), 0)
    )
"""
# Of two that open the line at once, the second finds it opened just now: it changes nothing, although it sees no file of the first.
_OPEN = """
    WITH opened AS (
        UPDATE documents_readingline SET since = now()
        WHERE workspace_id = %(workspace)s AND since < now() - interval '5 seconds' AND NOT EXISTS (
            SELECT FROM documents_documentversion WHERE workspace_id = %(workspace)s AND status IN ('queued', 'reading', 'indexing')
        ) AND NOT EXISTS (
            SELECT FROM documents_documentversion WHERE workspace_id = %(workspace)s AND queued_at > now() - interval '30 seconds'
        )
    )
    INSERT INTO documents_readingline (workspace_id, since)
    SELECT %(workspace)s, now() WHERE NOT EXISTS (SELECT FROM documents_readingline WHERE workspace_id = %(workspace)s)
    ON CONFLICT DO NOTHING
"""
_QUEUE = """
    UPDATE documents_documentversion AS version SET
        status = 'queued', turn = %s + waiting.place, queued_at = now(), reason = '', reason_code = '', warnings = '[]',
        progress = 0, progress_of = 0, deaths = 0
    FROM unnest(%s::uuid[]) WITH ORDINALITY AS waiting (id, place)
    WHERE version.id = waiting.id
    RETURNING version.document_id
"""


class LineFrame(TypedDict):
    """How far a workspace's files are: one frame for all of them."""

    type: str
    workspace: str
    documents: int
    since: float
    elapsed_s: float
    queued: int
    reading: int
    ready: int
    failed: int
    stopped: int


def next_turn(person: UUID | None) -> int:
    """The turn of a file that this person brings now."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_TURN, [person])
        (turn,) = cursor.fetchone()
    return int(turn)


def open_line(workspace: UUID) -> None:
    """Begin to count anew, if nothing of the workspace is unread and nothing came for half a minute. To be called before a file comes."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"workspace": workspace})


@transaction.atomic
def queue_again(*, workspace: UUID, person: UUID | None, versions: Sequence[UUID], of: Sequence[str]) -> list[UUID]:
    """Put those of `versions` whose status is one of `of` into the line, the oldest first; the ids of their documents."""
    open_line(workspace)
    # in this order by everybody, or two that queue the same files would wait for each other
    mine = DocumentVersion.objects.select_for_update().filter(pk__in=versions, status__in=of).order_by("pk")
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [next_turn(person) - 1, list(mine.values_list("pk", flat=True))])
        documents = [document for (document,) in cursor.fetchall()]
    if documents:
        wake_on_commit(len(documents))
    return documents


def wake_on_commit(files: int = 1) -> None:
    """Have `files` more files read, once the transaction has been committed. A few wake-ups do: who has read one wakes the next reader."""
    for _ in range(min(files, settings.READERS)):
        queue.send_on_commit(WAKE)


def waiting() -> QuerySet[DocumentVersion]:
    """The files that may be read now, the fairest first. Nobody's files take all readers: a handful of bad ones stops nobody else."""
    reading = DocumentVersion.objects.filter(status__in=(Status.READING, Status.INDEXING)).exclude(added_by=None)
    crowding = reading.values("added_by").annotate(files=Count("pk")).filter(files__gte=settings.READERS - 1)
    mine = DocumentVersion.objects.on_a_shelf().filter(status=Status.QUEUED)
    return mine.exclude(added_by__in=crowding.values("added_by")).order_by("turn", "pk")


@transaction.atomic
def claim_next() -> DocumentVersion | None:
    """The fairest waiting version, being read by this attempt from now on; None if nobody waits. Safe to lose and to call twice."""
    pk = waiting().select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True).first()
    return claim(pk) if pk else None


def claim(pk: UUID) -> DocumentVersion | None:
    """The version, now being read by this attempt; None if another took it, or it is gone or done."""
    mine = DocumentVersion.objects.on_a_shelf().filter(pk=pk, status=Status.QUEUED)
    if mine.update(status=Status.READING, attempt=F("attempt") + 1, beat_at=Now(), progress=0, progress_of=0) == 0:
        return None
    version = DocumentVersion.objects.select_related("document__workspace").get(pk=pk)
    version.document.current = version
    return version


def wake_next() -> None:
    """Have the next file read, if one waits and no wake-up is on its way: called when a reader is free again."""
    if not queue.has_messages("ingest") and waiting().exists():
        queue.send(WAKE)


def wake_free_readers() -> None:
    """For wake-ups that were lost, and for a worker that has just started."""
    busy = DocumentVersion.objects.filter(status__in=(Status.READING, Status.INDEXING)).count()
    for _ in range(min(waiting().count(), settings.READERS - busy)):
        queue.send(WAKE)


def line_frame(workspace: Workspace) -> LineFrame:
    """How far the workspace's files are that came into the line since its last pause."""
    line = ReadingLine.objects.filter(workspace=workspace).first()
    since = line.since if line else timezone.now()
    counts = _counts(DocumentVersion.objects.on_a_shelf().filter(workspace=workspace, queued_at__gte=since))
    return {
        "type": "line",
        "workspace": workspace.slug,
        "documents": Document.objects.filter(workspace=workspace, deleted_at=None).count(),
        "since": since.timestamp(),
        "elapsed_s": round((timezone.now() - since).total_seconds(), 1),
        "queued": counts["queued"],
        "reading": counts["reading"],
        "ready": counts["ready"],
        "failed": counts["failed"],
        "stopped": counts["stopped"],
    }


def _counts(versions: DocumentVersionQuerySet) -> dict[str, int]:
    stopped = Q(reason_code=STOPPED)
    return versions.aggregate(
        queued=Count("pk", filter=Q(status=Status.QUEUED)),
        reading=Count("pk", filter=Q(status__in=(Status.READING, Status.INDEXING))),
        ready=Count("pk", filter=Q(status=Status.READY)),
        failed=Count("pk", filter=Q(status=Status.FAILED) & ~stopped),
        stopped=Count("pk", filter=Q(status=Status.FAILED) & stopped),
    )
