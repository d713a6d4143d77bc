"""Addresses of the API. Whatever is none of them is told so in the API's own form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.parser import Parser

from apps.api import conversations, documents, refusals
from apps.api.caller import BrowserAuth, KeyAuth
from apps.core.errors import NotFound


class BodyParser(Parser):
    """JSON, and nothing at all where a body is optional."""

    def parse_body(self, request: HttpRequest) -> Any:
        """What the body says; None for an empty one."""
        return super().parse_body(request) if request.body else None


api = NinjaAPI(title="Gemmaweb", version="1", docs_url=None, parser=BodyParser(), auth=[KeyAuth(), BrowserAuth()])
api.add_router("", documents.router)
api.add_router("", conversations.router)
refusals.register(api)


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """There is nothing at this address. Raises NotFound."""
    raise NotFound


urlpatterns = [path("", api.urls), path("<path:rest>", unknown)]
