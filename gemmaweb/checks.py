"""Settings that cannot work together: told at the start, not by the first visitor."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from apps.inference.catalogue import catalogue
from apps.inference.proxy import BadProxy, read_proxy

HOST = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)
ENDPOINT = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?(/[\w./-]*)?", re.IGNORECASE)


def register_checks() -> None:
    """Have `manage.py check`, and every start, look at them."""
    for check in (check_hosts, check_proxies, check_https, check_services, check_tokens, check_models, check_way_out):
        checks.register(check)


def check_hosts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """GEMMAWEB_ALLOWED_HOSTS holds names and addresses, not URLs; `*` would let other sites' names lead here."""
    if "*" in settings.ALLOWED_HOSTS:
        return [checks.Warning("GEMMAWEB_ALLOWED_HOSTS is *: any name leads here.", hint="List names.", id="gemmaweb.W001")]
    wrong = [host for host in settings.ALLOWED_HOSTS if not HOST.fullmatch(host)]
    hint = "Without http:// and without a port."
    return [Error(f"GEMMAWEB_ALLOWED_HOSTS: {host!r} is no host name.", hint=hint, id="gemmaweb.E001") for host in wrong]


def check_proxies(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """GEMMAWEB_TRUSTED_PROXIES holds addresses or networks."""
    return [
        Error(
            f"GEMMAWEB_TRUSTED_PROXIES: {entry!r} is no address and no network.",
            hint="For example 10.0.0.5 or 10.0.0.0/24.",
            id="gemmaweb.E002",
        )
        for entry in settings.TRUSTED_PROXIES
        if not _is_network(entry)
    ]


def check_https(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """We speak plain http ourselves: without a proxy that is believed, every page would redirect to itself."""
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        hint = "Name the proxy's address in GEMMAWEB_TRUSTED_PROXIES."
        return [Error("GEMMAWEB_HTTPS is on, and no proxy is trusted to say that a request came by https.", hint=hint, id="gemmaweb.E003")]
    return []


def check_services(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """DATABASE_URL and REDIS_URL name a kind of server that we can speak to."""
    known = {"DATABASE_URL": {"postgresql", "postgres"}, "REDIS_URL": {"redis", "rediss", "unix"}}
    return [
        Error(f"{name} must begin with one of {', '.join(sorted(schemes))}, followed by ://", id="gemmaweb.E004")
        for name, schemes in known.items()
        if urlsplit(getattr(settings, name)).scheme not in schemes
    ]


def check_tokens(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """An answer must leave room for its question in the model's context."""
    if settings.ANSWER_MAX_TOKENS < settings.CONTEXT_TOKENS:
        return []
    return [Error("GEMMAWEB_ANSWER_MAX_TOKENS must be smaller than GEMMAWEB_CONTEXT_TOKENS.", id="gemmaweb.E005")]


def check_models(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """HF_ENDPOINT holds web addresses, and the catalogue can be read."""
    hint = "For example https://huggingface.co, without a password."
    wrong: list[CheckMessage] = [
        Error(f"HF_ENDPOINT: {endpoint!r} is no address of a hub.", hint=hint, id="gemmaweb.E006")
        for endpoint in settings.HF_ENDPOINTS
        if not ENDPOINT.fullmatch(endpoint)
    ]
    try:
        catalogue()
    except ImproperlyConfigured as error:
        wrong.append(Error(str(error), hint="Mend it, or leave GEMMAWEB_CATALOGUE empty.", id="gemmaweb.E007"))
    return wrong


def check_way_out(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """HTTPS_PROXY is one that downloads can use; it may stand there for other programs, so the start goes on."""
    try:
        read_proxy(settings.HTTPS_PROXY)
    except BadProxy as error:
        hint = "Downloads of models will fail until it is http://host:port, or empty."
        return [checks.Warning(f"HTTPS_PROXY cannot be used: {error}.", hint=hint, id="gemmaweb.W002")]
    return []


def _is_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return True
