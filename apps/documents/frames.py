"""What a tab is told about a file: the `document` frame of docs/protocol.md."""

from __future__ import annotations

from typing import TypedDict
from uuid import UUID

from apps.core import live
from apps.documents.models import Document


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
    warnings: list[str]
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


def tell(pk: UUID) -> None:
    """Publish the state of document `pk` on commit; nothing where it is gone."""
    document = Document.objects.select_related("workspace", "current").filter(pk=pk).first()
    if document is not None and document.current is not None:
        live.publish_on_commit(room(document.workspace_id), dict(document_frame(document)))
