"""How much a workspace holds: numbers only, for administrators who see none of it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, Sum

from apps.documents.models import Document, DocumentVersion


def document_counts(workspaces: Collection[UUID]) -> dict[UUID, int]:
    """How many documents are on the shelf of each of these workspaces that has some."""
    rows = Document.objects.filter(workspace__in=workspaces, deleted_at=None)
    return dict(rows.values_list("workspace").annotate(Count("pk")))


def file_sizes(workspaces: Collection[UUID]) -> dict[UUID, int]:
    """Bytes of all files that were uploaded to each of these workspaces and are still kept."""
    return dict(DocumentVersion.objects.filter(workspace__in=workspaces).values_list("workspace").annotate(Sum("size_bytes")))
