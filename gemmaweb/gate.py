"""The gate in front of uploads: who sends one is known before Django has spooled a hundred megabytes of it."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from io import BytesIO
from typing import Any, cast

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from apps.accounts.middleware import PreferencesMiddleware
from apps.api.gate import admit
from apps.core.database import in_database
from apps.core.errors import ProductError
from gemmaweb.hosts import TrustedProxyMiddleware


def _judge(request: HttpRequest) -> HttpResponse:
    try:
        admit(request, request.path.split("/")[3])
    except ProductError as error:
        error.args = (str(error),)  # in the language of this caller: it is known here and not where the answer is written
        raise
    return HttpResponse(status=204)


# What says who it is, of all that stands in settings.MIDDLEWARE, in the same order.
_signed_in = SessionMiddleware(AuthenticationMiddleware(PreferencesMiddleware(_judge)))
_CHAIN = TrustedProxyMiddleware(cast("Callable[[HttpRequest], HttpResponse]", _signed_in))


def _refusal(scope: MutableMapping[str, Any]) -> ProductError | None:
    try:
        _CHAIN(ASGIRequest(dict(scope), BytesIO()))
    except ProductError as error:
        return error
    return None


async def gate(scope: MutableMapping[str, Any]) -> ProductError | None:
    """Why this upload must not come; None if it may."""
    return await in_database(_refusal)(scope)
