"""Puts right what a dead worker or a lost message left, and throws away what nobody undid."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from apps.core import queue
from apps.documents import frames, line, vectors
from apps.documents.models import Chunk, Document, DocumentQuerySet, DocumentVersion
from apps.documents.orphans import delete_folders
from apps.documents.services import UNDO_FOR

logger = logging.getLogger(__name__)
Status = DocumentVersion.Status
DEAD_AFTER = timedelta(seconds=20)
WAITS_AFTER = timedelta(seconds=30)
DEATHS_MAX = 3
BATCH = 200
IS_INDEXED = Exists(Chunk.objects.filter(document=OuterRef("pk")))


def sweep() -> None:
    """One round: dead readings back to the queue (or failed, at the third death), lost messages sent again, old deletions made final."""
    _bury_or_requeue()
    if not queue.has_messages("ingest"):
        line.wake_free_readers()
        _forget_again()
        vectors.wake_if_lacking()
    _purge()


def _bury_or_requeue() -> None:
    dead = DocumentVersion.objects.on_a_shelf().filter(status__in=[Status.READING, Status.INDEXING], beat_at__lt=Now() - DEAD_AFTER)
    for version in dead[:BATCH]:
        mine = DocumentVersion.objects.filter(pk=version.pk, attempt=version.attempt, status=version.status)
        if version.deaths + 1 >= DEATHS_MAX:
            reason = gettext_noop("Reading this file ended the reader three times. Save it anew in its program, or upload it as PDF.")
            changed = mine.update(status=Status.FAILED, reason_code="crashed", reason=reason, deaths=F("deaths") + 1)
        else:
            changed = mine.update(status=Status.QUEUED, deaths=F("deaths") + 1, beat_at=None)
        if changed:
            logger.warning("documents: %s was left by a dead worker (attempt %d)", version.pk, version.attempt)
            frames.tell(version.document_id)


def _forget_again() -> None:
    """Removed documents whose chunks still count, although nobody seems to have been told."""
    removed = Document.objects.filter(IS_INDEXED, deleted_at__lt=Now() - WAITS_AFTER)
    for pk in removed.values_list("pk", flat=True)[:BATCH]:
        queue.send("documents.forget", str(pk))


def _purge() -> None:
    """A document goes when its chunks have gone, for only so are they taken out of the counts."""
    for pk in _due().values_list("pk", flat=True)[:BATCH]:
        _purge_one(pk)


def _due() -> DocumentQuerySet:
    return Document.objects.filter(~IS_INDEXED, deleted_at__lt=Now() - UNDO_FOR)


@transaction.atomic
def _purge_one(pk: UUID) -> None:
    """Its rows, and once they are gone its files; nothing where somebody undoes the removal at this moment."""
    document = _due().select_for_update().filter(pk=pk).first()
    if document is None:
        return
    keys = [version.storage_key for version in document.versions.all()]
    document.delete()
    transaction.on_commit(partial(_delete_files, keys))


def _delete_files(keys: Sequence[str]) -> None:
    for key in keys:
        default_storage.delete(key)
    delete_folders(keys)
