"""The front door's answers to what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from django.db import close_old_connections, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _

from apps.core.errors import ProductError
from apps.core.openai_form import PREFIX, error_body


class NotAllowed(ProductError):
    """The address knows this method not."""

    code = "not_allowed"
    status = 405
    sentence = _("This address does not take this method.")


def wants_json(request: HttpRequest) -> bool:
    """True for programs and for our own scripts; a person's browser asks for a page."""
    return request.path.startswith(("/api/", PREFIX)) or "text/html" not in request.headers.get("Accept", "")


def error_response(request: HttpRequest, error: ProductError) -> HttpResponse:
    """`{"error": {...}}` for programs, a page with the sentence for people, both with the error's status."""
    if wants_json(request):
        response: HttpResponse = JsonResponse(error_body(request.path, error), status=error.status)
    else:
        response = render(request, "error.html", {"error": error}, status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


class ProductErrorMiddleware:
    """Turns a ProductError that a view let through into its answer: caught once, here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        told = error_response(request, NotAllowed())
        told["Allow"] = response["Allow"]
        return told

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer for a ProductError; None leaves any other exception to Django."""
        return error_response(request, exception) if isinstance(exception, ProductError) else None


class NeverStoredMiddleware:
    """What we answer is for one person, now: no cache keeps it, so Back after signing out shows nothing. Static files pass in front.

    What never changes under its address says so itself, and stays as it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "immutable" not in response.get("Cache-Control", ""):
            patch_cache_control(response, private=True, no_store=True)
        return response


class IdleDatabaseMiddleware:
    """Gives the database connection back before a body is streamed.

    Django would keep it until the last byte: sixteen followers of runs, or sixteen slow downloads, and nobody else got a page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.streaming and not connection.in_atomic_block:
            close_old_connections()
        return response
