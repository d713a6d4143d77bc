"""What people do with many files at once: take them off the shelf and bring them back, have them read again, stop the reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_noop

from apps.accounts.models import User
from apps.audit.services import record, record_each
from apps.core import queue
from apps.documents import frames, indexing, line
from apps.documents.models import Chunk, Document, DocumentQuerySet, DocumentVersion, ReadingLine
from apps.documents.services import lock_contents, require_writer
from apps.workspaces.models import Workspace

FORGOTTEN_AT_ONCE = 50  # the sweep sends for the others
BATCH = 500  # each restored file has a lock, and PostgreSQL has some thousands of them
STOPPED_REASON = gettext_noop("Reading was stopped before this file was read. Read it again when you want it.")
Status = DocumentVersion.Status


class Removal(NamedTuple):
    """How many files were removed, and the moment by which `restore_many` finds them again."""

    files: int
    removed_at: datetime


@transaction.atomic
def remove_many(*, workspace: Workspace, documents: DocumentQuerySet, removed_by: User) -> Removal:
    """Take `documents`, all of this workspace, off the shelf and out of the search at once; `restore_many` undoes it for an hour.

    Raises Forbidden.
    """
    require_writer(workspace, removed_by)
    pks = _locked(documents.filter(workspace=workspace))
    removed_at = timezone.now()
    Document.objects.filter(pk__in=pks).update(deleted_at=removed_at)
    indexing.hide_chunks(documents=pks)
    for pk in pks[:FORGOTTEN_AT_ONCE]:
        queue.send_on_commit("documents.forget", str(pk))
    record_each("document.removed", actor=removed_by, workspace=workspace.pk, targets=pks)
    frames.tell_all(workspace, pks)
    return Removal(len(pks), removed_at)


def restore_many(*, workspace: Workspace, removed_at: datetime, restored_by: User) -> int:
    """Undo the `remove_many` of this moment: how many files are back, and will be read anew. One that was uploaded meanwhile stays away.

    Raises Forbidden.
    """
    require_writer(workspace, restored_by)
    removed = list(Document.objects.filter(workspace=workspace, deleted_at=removed_at).order_by("pk").values_list("pk", flat=True))
    batches = (removed[start : start + BATCH] for start in range(0, len(removed), BATCH))
    return sum(_restore_some(workspace, batch, restored_by) for batch in batches)


@transaction.atomic
def _restore_some(workspace: Workspace, pks: Sequence[UUID], restored_by: User) -> int:
    require_writer(workspace, restored_by)
    removed = Document.objects.filter(pk__in=pks).exclude(deleted_at=None).select_related("current")
    contents = dict(removed.values_list("current__sha256", "pk"))
    lock_contents(workspace, contents)
    there = Document.objects.filter(workspace=workspace, deleted_at=None, current__sha256__in=contents)
    for sha256 in there.values_list("current__sha256", flat=True):
        contents.pop(sha256, None)
    back = _locked(Document.objects.filter(pk__in=contents.values()).exclude(deleted_at=None))
    Document.objects.filter(pk__in=back).update(deleted_at=None)
    line.queue_again(workspace=workspace.pk, person=restored_by.pk, versions=_current(back), of=[*Status])
    record_each("document.restored", actor=restored_by, workspace=workspace.pk, targets=back)
    frames.tell_all(workspace, back)
    return len(back)


@transaction.atomic
def read_again(*, workspace: Workspace, documents: DocumentQuerySet, asked_by: User) -> int:
    """Have those of `documents` that are ready or have failed read once more; how many they are. What they said is found until then.

    Raises Forbidden.
    """
    require_writer(workspace, asked_by)
    versions = list(documents.filter(workspace=workspace).order_by("pk").values_list("current", flat=True))
    again = line.queue_again(workspace=workspace.pk, person=asked_by.pk, versions=versions, of=[Status.READY, Status.FAILED])
    frames.tell_all(workspace, again)
    return len(again)


@transaction.atomic
def stop_reading(*, workspace: Workspace, stopped_by: User) -> int:
    """Take all files of the workspace out of the line, those too that are being read; how many they are.

    A file that was ready before, and was being read once more, is ready as it was. Raises Forbidden.
    """
    require_writer(workspace, stopped_by)
    unfinished = DocumentVersion.objects.on_a_shelf().filter(workspace=workspace, status__in=DocumentVersion.UNFINISHED)
    pks = _locked(unfinished)
    was_ready = When(Exists(Chunk.objects.filter(version=OuterRef("pk"))), then=Value(Status.READY))
    DocumentVersion.objects.filter(pk__in=pks).update(
        status=Case(was_ready, default=Value(Status.FAILED)),
        reason=Case(When(was_ready.condition, then=Value("")), default=Value(STOPPED_REASON)),
        reason_code=Case(When(was_ready.condition, then=Value("")), default=Value(line.STOPPED)),
    )
    if pks:
        record("documents.stopped", actor=stopped_by, workspace=workspace.pk, target=workspace.pk, files=len(pks))
    frames.tell_all(workspace, list(Document.objects.filter(current__in=pks).values_list("pk", flat=True)))
    return len(pks)


def failed_in_line(workspace: Workspace) -> DocumentQuerySet:
    """The documents that could not be read, of those that came since the last pause."""
    since = ReadingLine.objects.filter(workspace=workspace).values("since")
    failed = Document.objects.filter(workspace=workspace, deleted_at=None, current__status=Status.FAILED)
    return failed.filter(current__queued_at__gte=since)


def stopped(workspace: Workspace) -> DocumentQuerySet:
    """The documents whose reading was stopped."""
    return failed_in_line(workspace).filter(current__reason_code=line.STOPPED)


def _locked(rows: QuerySet[Document] | QuerySet[DocumentVersion]) -> list[UUID]:
    """The ids of `rows`, which are ours until the transaction ends; in one order, or two people would wait for each other."""
    return list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _current(documents: Iterable[UUID]) -> list[UUID]:
    return list(Document.objects.filter(pk__in=documents).exclude(current=None).order_by("pk").values_list("current", flat=True))
