"""What a tab is told about a file: the `document` frame of docs/protocol.md."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.utils import timezone

from apps.core import live
from apps.documents.models import Document, DocumentQuerySet

MOVED_WITHIN = timedelta(minutes=10)
NEWEST = 100


class DocumentFrame(TypedDict):
    """A file's state, for the documents page and the progress lines."""

    type: str
    document: str
    workspace: str
    name: str
    title: str
    status: str
    progress: int
    progress_of: int
    pages: int
    reason: str
    reason_code: str
    warnings: list[dict[str, Any]]
    removed: bool


def room(workspace: UUID) -> str:
    """Where a workspace's document frames are published."""
    return f"workspace:{workspace}"


def document_frame(document: Document) -> DocumentFrame:
    """The frame of `document` as its rows say it now; its current version and workspace are read."""
    version = document.current
    if version is None:
        raise ValueError(f"document {document.pk} has no version")
    return {
        "type": "document",
        "document": str(document.pk),
        "workspace": document.workspace.slug,
        "name": document.name,
        "title": document.title,
        "status": version.status,
        "progress": version.progress,
        "progress_of": version.progress_of,
        "pages": version.pages,
        "reason": version.reason,
        "reason_code": version.reason_code,
        "warnings": version.warnings,
        "removed": document.deleted_at is not None,
    }


def frames_missed(documents: DocumentQuerySet) -> list[DocumentFrame]:
    """The frames of those among the newest of `documents` that are being read or were a while ago: a page that just came may lack them."""
    since = timezone.now() - MOVED_WITHIN
    newest = documents.select_related("workspace", "current").exclude(current=None).order_by("-pk")[:NEWEST]
    return [document_frame(document) for document in newest if _has_moved(document, since)]


def _has_moved(document: Document, since: datetime) -> bool:
    version = document.current
    return version is not None and (version.status in version.UNFINISHED or (version.beat_at or version.created_at) > since)


def tell(pk: UUID) -> None:
    """Publish the state of document `pk` on commit; nothing where it is gone."""
    document = Document.objects.select_related("workspace", "current").filter(pk=pk).first()
    if document is not None and document.current is not None:
        live.publish_on_commit(room(document.workspace_id), dict(document_frame(document)))
