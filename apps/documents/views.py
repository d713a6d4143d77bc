"""Pages of one document: its text, its original."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from apps.core.database import only
from apps.core.errors import NotFound
from apps.core.ranges import file_response
from apps.documents.finding import Hits, find_in
from apps.documents.models import Document, Page
from apps.documents.reading import contents_of, read_page
from apps.workspaces.page import page_context, person

QUERY_MAX_CHARS = 200
QUOTE_MAX_CHARS = 4000


@login_required
@require_GET
def document(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A document, opened at `?page=`, with the words of `?quote=` marked, and the pages that have those of `?find=`.

    Template documents/document.html; one that was deleted and can be brought back: documents/removed.html, with status 404.
    """
    found = Document.objects.visible_to(person(request)).select_related("workspace", "current", "added_by").filter(pk=pk).first()
    if found is None:
        return _removed(request, pk)
    context = page_context(request, found.workspace.slug)
    version = found.current
    if version is None or not Page.objects.filter(version=version).exists():  # its number of pages is known before their text is
        return render(request, "documents/document.html", {**context, "document": found, "page": None})
    query = _query(request, "find")
    hits = find_in(version, query) if query else None
    reading = _read(request, found, _number(request.GET.get("page", "1")))
    beside = {"query": query, "hits": hits, "contents": contents_of(version, hits)}
    return render(request, "documents/document.html", {**context, **reading, **beside, "document": found})


def _removed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of a document that its team deleted a moment ago. Raises NotFound where there is none."""
    gone = only(Document.objects.removed_from(person(request)).filter(pk=pk).select_related("workspace"))
    return render(request, "documents/removed.html", {**page_context(request, gone.workspace.slug), "document": gone}, status=404)


@login_required
@require_GET
def document_page(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """One page's text as a part that is put into the page that is open."""
    found = _document_or_not_found(request, pk)
    return render(request, "documents/_page.html", {**_read(request, found, number), "document": found})


@login_required
@require_GET
def document_find(request: HttpRequest, pk: UUID) -> JsonResponse:
    """Where the words of `?find=` stand: `{"total", "pages": [[number, times], ...], "until"}`, the last being 0 where all was searched."""
    version = _document_or_not_found(request, pk).current
    hits = find_in(version, _query(request, "find")) if version else Hits([], 0, 0)
    return JsonResponse({"total": hits.total, "pages": [[page.number, page.times] for page in hits.pages], "until": hits.until})


@login_required
@require_GET
def original(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file as it was uploaded, or a part of it: always a download, never shown in our own origin."""
    found = _document_or_not_found(request, pk)
    version = found.current
    if version is None or not default_storage.exists(version.storage_key):
        raise NotFound
    file = default_storage.open(version.storage_key)
    response = file_response(request, file, size_bytes=version.size_bytes, etag=f'"{version.sha256}"')
    response["Content-Type"] = "application/octet-stream"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=found.name)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _document_or_not_found(request: HttpRequest, pk: UUID) -> Document:
    found = Document.objects.visible_to(person(request)).select_related("workspace", "current", "added_by").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def _read(request: HttpRequest, found: Document, number: int) -> dict[str, Any]:
    if found.current is None:
        raise NotFound
    quote, start = request.GET.get("quote", "")[:QUOTE_MAX_CHARS], _number(request.GET.get("start", "0"))
    return {**read_page(found.current, number, quote=quote, start=start)._asdict(), "quote": quote}


def _query(request: HttpRequest, name: str) -> str:
    """The words that somebody looks for."""
    return request.GET.get(name, "").replace("\x00", "")[:QUERY_MAX_CHARS].strip()


def _number(given: str) -> int:
    """A page or character number of an address; what is none is not found."""
    if not given.isdecimal() or len(given) > 9:
        raise NotFound
    return int(given)
