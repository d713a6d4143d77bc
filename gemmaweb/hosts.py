"""Under which names this machine may be asked, and which proxies are believed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import psutil
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# Seconds until a silent connection is asked, and between questions; milliseconds until what was sent has to be acknowledged.
_OPTIONS = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}
_KEEPALIVE = {getattr(socket, name): value for name, value in _OPTIONS.items() if hasattr(socket, name)}
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO")


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


def layer_host(redis_url: str) -> dict[str, Any]:
    """Redis as the channel layer asks it: soon, once, and noticing within half a minute that a network was cut without a word."""
    host: dict[str, Any] = {"address": redis_url, "socket_timeout": 2, "socket_connect_timeout": 2, "health_check_interval": 5}
    host["retry"] = Retry(NoBackoff(), 0)
    if urlsplit(redis_url).scheme != "unix":
        host |= {"socket_keepalive": True, "socket_keepalive_options": _KEEPALIVE}
    return host


class TrustedProxyMiddleware:
    """Believe X-Forwarded-* only from an address in GEMMAWEB_TRUSTED_PROXIES; drop them from anyone else.

    The scheme stays where SECURE_PROXY_SSL_HEADER looks for it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        client, host, scheme = (request.META.pop(header, "").split(",")[-1].strip() for header in FORWARDED)
        if is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
            believed = {"REMOTE_ADDR": client, "HTTP_HOST": host, FORWARDED[2]: scheme}
            request.META.update({name: value for name, value in believed.items() if value})
        return self.get_response(request)


def is_trusted_proxy(address: str) -> bool:
    """Whether what comes from `address` may say for whom it speaks."""
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:  # a unix socket has no address
        return False
    return any(peer in ipaddress.ip_network(entry, strict=False) for entry in settings.TRUSTED_PROXIES)
