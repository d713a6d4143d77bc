"""Count what strangers try, so that trying everything is no way in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import ClassVar

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from apps.core.errors import ProductError

IPV6_PREFIX = 64  # one household has that many addresses to send from


class TooMany(ProductError):
    """This came too often in the last minute."""

    code = "too_many"
    status = 429
    sentence = _("Too many tries. Wait a minute and try again.")
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "60"}


def count(scope: str, who: str, *, limit: int, window_s: int = 60) -> None:
    """Count one try of `who`; the count starts again `window_s` after its first. Raises TooMany above `limit`."""
    key = f"rate:{scope}:{who}"
    cache.add(key, 0, timeout=window_s)
    try:
        tries = cache.incr(key)
    except ValueError:  # the window ended between the two lines
        return
    if tries > limit:
        raise TooMany


def network_of(address: str) -> str:
    """What one sender is counted by: the address, for IPv6 its /64; "local" where there is none, as on a unix socket."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "local"
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False).network_address)
    return address
