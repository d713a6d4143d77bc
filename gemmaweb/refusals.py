"""What Django itself refuses: our one form of error for programs, a page for people."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import defaults

from apps.core.errors import Forbidden, Invalid, NotFound, ProductError
from apps.core.http import error_response, wants_json
from apps.core.ratelimit import TooMany


class Broken(ProductError):
    """A mistake of ours."""

    code = "internal"
    status = 500
    sentence = gettext_lazy("Something went wrong on the server. It has been written to its log. Try again.")


class Misread(Invalid):
    """The request is malformed, below what a view sees."""

    status = 400


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400. A name that we are not known by gets a plain sentence for whoever can change that: no page of ours can be built for it."""
    if isinstance(exception, DisallowedHost):
        name = request.META.get("HTTP_HOST", "")[:200]
        sentence = _("This installation is not known as %(name)s. Whoever runs it can add that name to GEMMAWEB_ALLOWED_HOSTS.")
        return HttpResponse(sentence % {"name": name}, status=400, content_type="text/plain; charset=utf-8")
    return error_response(request, Misread()) if wants_json(request) else defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return error_response(request, Forbidden()) if wants_json(request) else defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return error_response(request, NotFound()) if wants_json(request) else defaults.page_not_found(request, exception)


def too_many(request: HttpRequest, *_arguments: object) -> HttpResponse:
    """429, which allauth asks for."""
    return error_response(request, TooMany())


def broken(request: HttpRequest) -> HttpResponse:
    """500: the page has no context, as anything may be broken."""
    return error_response(request, Broken()) if wants_json(request) else defaults.server_error(request)
