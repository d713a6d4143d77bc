"""What a tab is told about a file: the `document` frame of docs/protocol.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.utils import timezone

from apps.core import live
from apps.documents.models import Document, DocumentQuerySet
from apps.workspaces.models import Workspace

MOVED_WITHIN = timedelta(minutes=10)
NEWEST = 100
TOLD_ONE_BY_ONE_MAX = 50


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
    unit: str
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
        "unit": version.unit,
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
    for document in Document.objects.select_related("workspace", "current").filter(pk=pk).exclude(current=None):
        tell_loaded(document)


def tell_loaded(document: Document) -> None:
    """The same where the document's workspace and current version are at hand, as the database has them."""
    live.publish_on_commit(room(document.workspace_id), dict(document_frame(document)))


def tell_all(workspace: Workspace, pks: Sequence[UUID]) -> None:
    """The same for many documents of one workspace: for very many the open pages are only told to look again."""
    if len(pks) > TOLD_ONE_BY_ONE_MAX:
        live.publish_on_commit(room(workspace.pk), {"type": "shelf", "workspace": workspace.slug})
        return
    for document in Document.objects.select_related("workspace", "current").filter(pk__in=pks).exclude(current=None).order_by("pk"):
        tell_loaded(document)
