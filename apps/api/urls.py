"""Addresses of the API. Whatever is none of them is told so in the API's own form."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from apps.api import asking, conversations, documents, people, refusals
from apps.api.caller import BrowserAuth, KeyAuth
from apps.api.describing import ABOUT, TAGS, DescribedAPI
from apps.api.parsing import BodyParser
from apps.core.errors import NotFound

api = DescribedAPI(
    title="Gemmaweb",
    version="1",
    description=ABOUT,
    servers=[{"url": "/", "description": "This installation."}],
    openapi_extra={"tags": TAGS},
    docs_url=None,
    parser=BodyParser(),
    auth=[KeyAuth(), BrowserAuth()],
)
api.add_router("", people.router)
api.add_router("", documents.router)
api.add_router("", conversations.router)
api.add_router("", asking.router)
refusals.register(api)


@csrf_exempt
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page on which each operation can be tried. Like the document itself it tells of the product only: it is open."""
    return render(request, "api/docs.html")


@csrf_exempt  # there is nothing to be forged at an address that is none, and its answer is JSON like all others
def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """There is nothing at this address. Raises NotFound."""
    raise NotFound


urlpatterns = [path("docs", docs, name="api_docs"), path("", api.urls), path("<path:rest>", unknown)]
