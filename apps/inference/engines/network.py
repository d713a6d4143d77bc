"""Where an engine on the network may be: every address of its name is looked at, and the one that was looked at is connected to."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from .base import EngineUnavailable

PRIVATE = tuple(
    ip_network(text) for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
)
URL_MAX_CHARS = 300
RESOLVE_S = 10


class AddressRefused(EngineUnavailable):
    """The address is none, or leads where no engine may be."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address, taken apart; `path` is what stands before /v1."""

    is_secure: bool
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """As people write it, without /v1."""
        scheme, usual = ("https", 443) if self.is_secure else ("http", 80)
        return f"{scheme}://{self.authority if self.port != usual else self._host}{self.path}"

    @property
    def authority(self) -> str:
        """Host and port, for the Host header."""
        return f"{self._host}:{self.port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def read_address(url: str) -> Address:
    """The address in `url`, which may lack http:// and may end in /v1. Raises AddressRefused."""
    url = url.strip()
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        raise AddressRefused("This is no address of a server.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > URL_MAX_CHARS:
        raise AddressRefused("Give the server's address like http://192.168.1.20:8000.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise AddressRefused("Leave name, password, ? and # out of the address; the key has a field of its own.")
    path = parts.path.rstrip("/").removesuffix("/v1")
    if not (parts.hostname + path).isascii() or not (parts.hostname + path).isprintable() or " " in parts.hostname + path:
        raise AddressRefused("Write the address in plain letters.")
    is_secure = parts.scheme == "https"
    return Address(is_secure, parts.hostname, port or (443 if is_secure else 80), path)


async def find_addresses(address: Address, *, allow_public: bool) -> list[str]:
    """The addresses of the server, each of which was looked at.

    Raises AddressRefused if one of them may not be used, EngineUnavailable if there is none.
    """
    try:
        async with asyncio.timeout(RESOLVE_S):
            found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise EngineUnavailable(f"There is no address for {address.host}: check the name.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        _refuse_foreign(text, allow_public=allow_public)
    return addresses


def is_private(text: str) -> bool:
    """Whether the address belongs to a network of one's own."""
    ip = _plain(text)
    return any(ip in network for network in PRIVATE if network.version == ip.version)


def _refuse_foreign(text: str, *, allow_public: bool) -> None:
    ip = _plain(text)
    if is_private(text) or (allow_public and ip.is_global and not ip.is_multicast):
        return
    if ip.is_global:
        raise AddressRefused(
            f"{ip} is outside your own network: what people ask and the passages of their documents would leave it. "
            "If that is meant, set GEMMAWEB_PUBLIC_ENGINES=1 and start Gemmaweb anew."
        )
    raise AddressRefused(f"{ip} is no address of a server: it belongs to the network's own equipment.")


def _plain(text: str) -> IPv4Address | IPv6Address:
    """The address itself: an IPv4 address may come dressed as one of IPv6."""
    ip = ip_address(text.partition("%")[0])
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip
