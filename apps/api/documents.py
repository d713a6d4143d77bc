"""Files and search, for programs and for our own pages."""

from __future__ import annotations

from uuid import UUID

from ninja import File, Query, Router, Status
from ninja.files import UploadedFile

from apps.api.caller import ApiRequest
from apps.api.paging import page_of
from apps.api.schemas import DocumentOut, DocumentsOut, HitOut, HitsOut, Paging, QuestionIn
from apps.core.errors import Invalid, NotFound
from apps.documents import services
from apps.documents.models import Document, DocumentVersion
from apps.documents.search import find_passages

router = Router(tags=["documents"])


@router.post("/workspaces/{slug:slug}/documents", response={202: DocumentOut})
def upload(request: ApiRequest, slug: str, file: File[UploadedFile]) -> Status[DocumentOut]:
    """The new document, queued to be read."""
    workspace = request.auth.workspace(slug)
    unknown = set(request.POST) | (set(request.FILES) - {"file"})
    if unknown or len(request.FILES.getlist("file")) > 1:
        raise Invalid(fields=dict.fromkeys(unknown or {"file"}, "one field `file` is taken, and nothing else"))
    document = services.store_upload(workspace=workspace, added_by=request.auth.user, name=file.name or "", file=file)
    return Status(202, DocumentOut.of(document))


@router.get("/workspaces/{slug:slug}/documents", response=DocumentsOut)
def documents(request: ApiRequest, slug: str, paging: Query[Paging], status: DocumentVersion.Status | None = None) -> DocumentsOut:
    """The workspace's documents, newest first."""
    rows = request.auth.documents().filter(workspace=request.auth.workspace(slug))
    if status:
        rows = rows.filter(current__status=status)
    shown, following = page_of(rows, paging)
    return DocumentsOut(results=[DocumentOut.of(document) for document in shown], next=following)


@router.get("/workspaces/{slug:slug}/documents/{uuid:pk}", response=DocumentOut)
def document(request: ApiRequest, slug: str, pk: UUID) -> DocumentOut:
    """One document."""
    return DocumentOut.of(_document(request, slug, pk))


@router.delete("/workspaces/{slug:slug}/documents/{uuid:pk}", response={204: None})
def remove(request: ApiRequest, slug: str, pk: UUID) -> Status[None]:
    """Off the shelf, out of the search; `restore` brings it back for an hour."""
    services.remove(document=_document(request, slug, pk), removed_by=request.auth.user)
    return Status(204, None)


@router.post("/workspaces/{slug:slug}/documents/{uuid:pk}/restore", response={202: DocumentOut})
def restore(request: ApiRequest, slug: str, pk: UUID) -> Status[DocumentOut]:
    """The removed document, queued to be read again."""
    removed = Document.objects.filter(workspace=request.auth.workspace(slug), pk=pk).exclude(deleted_at=None)
    found = removed.select_related("workspace").first()
    if found is None:
        raise NotFound
    services.restore(document=found, restored_by=request.auth.user)
    return Status(202, DocumentOut.of(_document(request, slug, pk)))


@router.post("/workspaces/{slug:slug}/documents/{uuid:pk}/retry", response={202: DocumentOut})
def retry(request: ApiRequest, slug: str, pk: UUID) -> Status[DocumentOut]:
    """The failed document, queued to be read again."""
    services.retry(document=_document(request, slug, pk), asked_by=request.auth.user)
    return Status(202, DocumentOut.of(_document(request, slug, pk)))


@router.post("/workspaces/{slug:slug}/search", response=HitsOut)
def search(request: ApiRequest, slug: str, asked: QuestionIn) -> HitsOut:
    """The passages that answer best."""
    found = find_passages(request.auth.workspace(slug), asked.query, asked.limit)
    return HitsOut(results=[HitOut.of(hit) for hit in found.hits])


def _document(request: ApiRequest, slug: str, pk: UUID) -> Document:
    found = request.auth.documents().filter(workspace__slug=slug, pk=pk).first()
    if found is None:
        raise NotFound
    return found
