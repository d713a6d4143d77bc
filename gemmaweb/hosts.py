"""Under which names this machine may be asked, and which proxies are believed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

import psutil
from django.conf import settings
from django.http import HttpRequest, HttpResponse

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")


def own_names() -> list[str]:
    """Names and addresses of this machine, in the form that ALLOWED_HOSTS wants: what a colleague may type on the same network."""
    name = socket.gethostname()
    names = {"localhost", name.lower(), f"{name.split('.')[0].lower()}.local", socket.getfqdn().lower()}
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family == socket.AF_INET:
                names.add(address.address)
            elif address.family == socket.AF_INET6:
                names.add(f"[{address.address.split('%')[0]}]")
    return sorted(filter(None, names))


def celery_url(redis_url: str) -> str:
    """Celery's spelling of redis-py's `unix://:password@/path?db=0`; other URLs stay as they are."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    password = quote(unquote(parts.password or ""), safe="")
    return f"redis+socket://:{password}@{parts.path}?virtual_host=0"


class TrustedProxyMiddleware:
    """Believe X-Forwarded-* only from an address in GEMMAWEB_TRUSTED_PROXIES; drop them from anyone else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.networks = [ipaddress.ip_network(entry, strict=False) for entry in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._trusts(request.META.get("REMOTE_ADDR", "")):
            self._believe(request)
        for header in FORWARDED:
            request.META.pop(header, None)
        return self.get_response(request)

    def _trusts(self, address: str) -> bool:
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:  # a unix socket has no address
            return False
        return any(peer in network for network in self.networks)

    @staticmethod
    def _believe(request: HttpRequest) -> None:
        if client := request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[-1].strip():
            request.META["REMOTE_ADDR"] = client
        if host := request.META.get("HTTP_X_FORWARDED_HOST", "").split(",")[-1].strip():
            request.META["HTTP_HOST"] = host
        if request.META.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-1].strip() == "https":
            request.META["wsgi.url_scheme"] = "https"
            request.scope["scheme"] = "https"  # type: ignore[attr-defined]  # ASGIRequest reads it from there
