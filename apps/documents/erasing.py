"""Erase the files of a workspace whose time for undo is over, a bounded part at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from apps.documents.models import Chunk, ChunkTerms, ChunkVector, Document, DocumentVersion, Page, Vocabulary
from apps.workspaces import lifecycle

BATCH = 1_000


@transaction.atomic
def erase_some(workspace: UUID) -> bool:
    """Erase some rows, the small ones before what they hang on, and in the end the folder; False if there is nothing left.

    Raises NotFound, and OSError where a file cannot be removed.
    """
    lifecycle.hold_due(workspace)
    return any(_delete_some(rows) for rows in _rows(workspace)) or _remove_folder(workspace)


def _rows(workspace: UUID) -> Iterator[QuerySet[Any]]:
    yield ChunkTerms.objects.filter(workspace=workspace)
    yield ChunkVector.objects.filter(workspace=workspace)
    yield Chunk.objects.filter(workspace=workspace)
    yield Vocabulary.objects.filter(workspace=workspace)
    yield Page.objects.filter(version__workspace=workspace)
    yield DocumentVersion.objects.filter(workspace=workspace)
    yield Document.objects.filter(workspace=workspace)


def _delete_some(rows: QuerySet[Any]) -> int:
    batch = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return rows.model._default_manager.filter(pk__in=batch).delete()[0] if batch else 0


def _remove_folder(workspace: UUID) -> bool:
    """All originals, those without a row too. Nobody writes here any more: an upload holds the workspace until its row is there."""
    folder = Path(default_storage.path(str(workspace)))
    if not folder.exists():
        return False
    shutil.rmtree(folder)
    return True
