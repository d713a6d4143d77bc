"""What each request of a person brings about: their language, and a note that they were here."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from apps.accounts.sessions import SessionStore, note_seen


class PreferencesMiddleware:
    """Renders pages in the signed-in person's language and time zone; a stranger's page in the browser's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        language = user.language if user.is_authenticated else translation.get_language_from_request(request)
        zone = user.time_zone if user.is_authenticated else "UTC"
        with translation.override(language), timezone.override(zoneinfo.ZoneInfo(zone)):
            return self.get_response(request)


class SeenMiddleware:
    """Notes that the person was here: when they were last seen stands on their own page and on the administrator's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = cast("SessionStore", request.session)
        if request.user.is_authenticated and session.row is not None and session.is_due():
            note_seen(session.row, address=request.META.get("REMOTE_ADDR", ""), browser=request.headers.get("User-Agent", ""))
        return self.get_response(request)
