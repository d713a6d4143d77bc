"""The way out of a network that has one door: HTTPS_PROXY and NO_PROXY, as other programs read them. No Django.

A proxy is asked for a tunnel and sees nothing of what goes through it, neither the hub's answer nor our token. So it serves addresses by
https alone: those by http are mirrors of one's own network, and asked directly.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PORT = 8080  # where an address does not say
NO_ADDRESS = "it is no address of the form http://host:port"


class BadProxy(ValueError):
    """The address is none of a proxy that can be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where to ask for a tunnel, and for which hosts not."""

    host: str
    port: int
    authorization: str  # a header's value; empty where none is wanted
    exceptions: str

    def serves(self, host: str) -> bool:
        """Whether `host` is reached through it."""
        names = [entry.strip().lower().lstrip(".") for entry in self.exceptions.split(",")]
        return "*" not in names and not any(name and f".{host.lower()}".endswith(f".{name}") for name in names)

    @property
    def headers(self) -> dict[str, str]:
        """What it alone gets to read."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def read_proxy(address: str, exceptions: str = "") -> Proxy | None:
    """The proxy at `address`, `http://name:password@host:port` or a part of it; None of an empty one. Raises BadProxy."""
    if not address:
        return None
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port or PORT
    except ValueError:  # its words may be a piece of the password
        raise BadProxy(NO_ADDRESS) from None
    if parts.scheme != "http" or not host:
        raise BadProxy(NO_ADDRESS)
    return Proxy(host, port, _basic(parts.username, parts.password), exceptions)


def _basic(name: str | None, password: str | None) -> str:
    if name is None:
        return ""
    secret = f"{unquote(name)}:{unquote(password or '')}".encode()
    return f"Basic {base64.b64encode(secret).decode()}"
