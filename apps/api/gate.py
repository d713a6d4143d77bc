"""Whether a file may be sent, found out before the first byte of it is read."""

from __future__ import annotations

from django.http import HttpRequest

from apps.api.caller import BrowserAuth, Caller, KeyAuth
from apps.api.refusals import NoKey, NotOurPage
from apps.documents.services import require_writer


def admit(request: HttpRequest, slug: str) -> None:
    """Nothing, if this caller may add a file to the workspace. The view asks again, when all has been read.

    Raises NoKey, NotOurPage, TooMany, NotFound, Forbidden.
    """
    caller = _caller(request)
    require_writer(caller.workspace(slug), caller.user)


def _caller(request: HttpRequest) -> Caller:
    """By the key, else by the session. A session's token is only looked for: a wrong one is found when the request is read."""
    by_key: Caller | None = KeyAuth()(request)
    if by_key:
        return by_key
    by_session = None if "Authorization" in request.headers else BrowserAuth(csrf=False)(request)
    if not isinstance(by_session, Caller):
        raise NoKey
    if "X-CSRFToken" not in request.headers:
        raise NotOurPage
    return by_session
