"""Files and search, for programs and for our own pages."""

from __future__ import annotations

from uuid import UUID

from ninja import File, Query, Router, Status
from ninja.files import UploadedFile

from apps.api.caller import ApiRequest
from apps.api.describing import OF_A_BODY, OF_JSON, leads_to, told
from apps.api.paging import page_of
from apps.api.refusals import UnreadableForm
from apps.api.schemas import DocumentId, DocumentOut, DocumentsOut, Filter, HitOut, HitsOut, QuestionIn, Slug
from apps.core.bodies import SizeMissing
from apps.core.errors import Forbidden, Invalid, NotFound
from apps.documents import services
from apps.documents.models import Document
from apps.documents.search import find_passages
from apps.workspaces.writable import Archived

router = Router(tags=["documents"])
UPLOAD = told(
    "upload_document", "Upload a file", Archived, Forbidden, NotFound, SizeMissing, services.DuplicateDocument, services.EmptyFile,
    services.FileTooLarge, UnreadableForm, takes=OF_A_BODY,
    requestBody={"content": {"multipart/form-data": {"schema": {"additionalProperties": False, "properties": {"file": {"minLength": 1}}}}}},
    responses=leads_to(202, "get_document remove_document retry_document", slug="$request.path.slug", pk="$response.body#/id"),
)  # fmt: skip


@router.post("/workspaces/{slug:slug}/documents", response={202: DocumentOut}, **UPLOAD)
def upload(request: ApiRequest, slug: Slug, file: File[UploadedFile]) -> Status[DocumentOut]:
    """The new document, queued to be read.

    The file is the field `file` of a form (`multipart/form-data`), and the only one; what kind it is is told by its content. Ask for the
    document until its `status` is `ready` or `failed`.
    """
    workspace = request.auth.workspace(slug)
    unknown = set(request.POST) | (set(request.FILES) - {"file"})
    if unknown or len(request.FILES.getlist("file")) > 1:
        raise Invalid(fields=dict.fromkeys(unknown or {"file"}, "one field `file` is taken, and nothing else"))
    document = services.store_upload(workspace=workspace, added_by=request.auth.user, name=file.name or "", file=file)
    return Status(202, DocumentOut.of(document))


@router.get("/workspaces/{slug:slug}/documents", response=DocumentsOut, **told("list_documents", "List documents", Invalid, NotFound))
def documents(request: ApiRequest, slug: Slug, wanted: Query[Filter]) -> DocumentsOut:
    """The workspace's documents, newest first: all of them, or those of one status, or with some words in their name."""
    rows = request.auth.documents().filter(workspace=request.auth.workspace(slug))
    if wanted.name:
        rows = rows.filter(name__icontains=wanted.name)
    if wanted.status:
        rows = rows.filter(current__status=wanted.status)
    shown, following = page_of(rows, wanted)
    return DocumentsOut(results=[DocumentOut.of(document) for document in shown], next=following)


@router.get("/workspaces/{slug:slug}/documents/{uuid:pk}", response=DocumentOut, **told("get_document", "Get a document", NotFound))
def document(request: ApiRequest, slug: Slug, pk: DocumentId) -> DocumentOut:
    """The document, and how far it has been read."""
    return DocumentOut.of(_document(request, slug, pk))


@router.delete(
    "/workspaces/{slug:slug}/documents/{uuid:pk}",
    response={204: None},
    **told(
        "remove_document", "Remove a document", Archived, Forbidden, NotFound,
        responses=leads_to(204, "restore_document", slug="$request.path.slug", pk="$request.path.pk"),
    ),
)  # fmt: skip
def remove(request: ApiRequest, slug: Slug, pk: DocumentId) -> Status[None]:
    """Off the shelf, out of the search; `restore` brings it back for an hour."""
    services.remove(document=_document(request, slug, pk), removed_by=request.auth.user)
    return Status(204, None)


@router.post(
    "/workspaces/{slug:slug}/documents/{uuid:pk}/restore",
    response={202: DocumentOut},
    **told("restore_document", "Bring a removed document back", Archived, Forbidden, NotFound, services.DuplicateDocument),
)
def restore(request: ApiRequest, slug: Slug, pk: DocumentId) -> Status[DocumentOut]:
    """The removed document, queued to be read again; for an hour after it was removed."""
    removed = Document.objects.filter(workspace=request.auth.workspace(slug), pk=pk).exclude(deleted_at=None)
    found = removed.select_related("workspace").first()
    if found is None:
        raise NotFound
    services.restore(document=found, restored_by=request.auth.user)
    return Status(202, DocumentOut.of(_document(request, slug, pk)))


@router.post(
    "/workspaces/{slug:slug}/documents/{uuid:pk}/retry",
    response={202: DocumentOut},
    **told("retry_document", "Read a failed document again", Archived, Forbidden, NotFound, services.NotRetryable),
)
def retry(request: ApiRequest, slug: Slug, pk: DocumentId) -> Status[DocumentOut]:
    """The failed document, queued to be read again."""
    services.retry(document=_document(request, slug, pk), asked_by=request.auth.user)
    return Status(202, DocumentOut.of(_document(request, slug, pk)))


@router.post("/workspaces/{slug:slug}/search", response=HitsOut, **told("search", "Search in the documents", NotFound, takes=OF_JSON))
def search(request: ApiRequest, slug: Slug, asked: QuestionIn) -> HitsOut:
    """The passages that answer best, best first; `score` orders one list and says nothing across lists."""
    found = find_passages(request.auth.workspace(slug), asked.query, asked.limit)
    return HitsOut(results=[HitOut.of(hit) for hit in found.hits], notes=list(found.notes))


def _document(request: ApiRequest, slug: str, pk: UUID) -> Document:
    found = request.auth.documents().filter(workspace__slug=slug, pk=pk).first()
    if found is None:
        raise NotFound
    return found
