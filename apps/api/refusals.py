"""What the API refuses by itself, in its one form: `{"error": {"code", "message", "fields"?}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from apps.core.errors import Invalid, ProductError
from apps.core.http import error_response


class NoKey(ProductError):
    """No key, a wrong or revoked one, or its person may no longer come in: a program is not told which."""

    code = "unauthorized"
    status = 401
    sentence = _("Send a valid API key as `Authorization: Bearer <key>`.")
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotOurPage(ProductError):
    """A session's cookie without the token of our pages."""

    code = "csrf"
    status = 403
    sentence = _("This did not come from a page of this site. Reload the page; a program sends an API key.")


class Unreadable(ProductError):
    """The body is no JSON, or no text at all."""

    code = "unreadable"
    status = 400
    sentence = _("The body of this request is not JSON in UTF-8.")


class UnreadableForm(ProductError):
    """The body is no form, is cut off, or has more parts than one could need."""

    code = "unreadable_form"
    status = 400
    sentence = _("The form in this request cannot be read. Send one file, as its field `file`.")


class DifferentMedia(ProductError):
    """The body says that it is of another kind than this address takes."""

    code = "media_type"
    status = 415
    sentence = _("Send JSON as `Content-Type: application/json`, and a file as the field `file` of a form (`multipart/form-data`).")


def register(api: NinjaAPI) -> None:
    """Give every refusal its form."""
    api.add_exception_handler(ProductError, _product_error)
    api.add_exception_handler(AuthenticationError, _no_key)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _refused)
    for error in (MultiPartParserError, SuspiciousOperation):
        api.add_exception_handler(error, _unreadable_form)


def _product_error(request: HttpRequest, error: Any) -> HttpResponse:
    return error_response(request, error)


def _no_key(request: HttpRequest, error: Any) -> HttpResponse:
    return error_response(request, NoKey())


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    """What the framework refuses: a session without our token, a body that it cannot parse; our parser says more about that."""
    if isinstance(error.__cause__, ProductError):
        return error_response(request, error.__cause__)
    return error_response(request, NotOurPage() if error.status_code == NotOurPage.status else Unreadable())


def _unreadable_form(request: HttpRequest, error: Any) -> HttpResponse:
    return error_response(request, UnreadableForm())


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    """Which field is wrong, by its path. Never what it held: that may be long, or secret."""
    return error_response(request, Invalid(fields={_path(wrong["loc"]): str(wrong["msg"]) for wrong in error.errors}))


def _path(location: tuple[str | int, ...]) -> str:
    """Without where it stood (body, query) and what the parameter is called in our code."""
    inner = location[2:] if location[0] == "body" and len(location) > 1 else location[1:]
    return ".".join(str(part) for part in inner) or "body"
