"""Which pages may open a socket."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from gemmaweb.hosts import is_trusted_proxy


class SameOriginSockets:
    """ASGI middleware: a socket is for our own pages, by the very name and port that they came from; anyone else gets 403.

    Cookies know no ports, so a page of another program on this machine would come with the session of ours.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass the socket on, or refuse it before it is accepted."""
        application = self.app if self._is_ours(scope) else WebsocketDenier()
        await application(scope, receive, send)

    @staticmethod
    def _is_ours(scope: dict[str, Any]) -> bool:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if is_trusted_proxy((scope.get("client") or ("",))[0]):
            host = headers.get(b"x-forwarded-host", host).split(",")[-1].strip()
        is_known = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
        return is_known and _name_in(headers.get(b"origin", "")) == host.lower()


def _name_in(origin: str) -> str:
    """Name and port of an Origin; "" for one that no browser sends."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
