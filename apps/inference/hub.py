"""Ask a hub for a file by plain HTTP, and follow it by hand: our token goes to the hub's own host, and no further."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urljoin, urlsplit

from .download_errors import ProxyRefused
from .proxy import Proxy

MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
CONNECT_S = 10
STALL_S = 30
NO_TUNNEL = re.compile(r"Tunnel connection failed: (\d+)")  # how http.client puts a proxy's refusal
HEADERS = {"User-Agent": "gemmaweb", "Accept-Encoding": "identity"}  # packed bytes could be neither counted nor gone on with


class Broken(Exception):
    """The connection could not be made, or broke off."""


class Question:
    """One question to a hub. `abort` ends it from another thread, in mid-answer too."""

    def __init__(self, *, stall_s: float = STALL_S, proxy: Proxy | None = None) -> None:
        self._stall_s = stall_s
        self._proxy = proxy
        self._socket: socket.socket | None = None
        self._is_aborted = False

    def ask(self, url: str, *, token: str = "", headers: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
        """The answer at the end of all redirects, its body still to come. Raises Broken, and ProxyRefused."""
        home = urlsplit(url)
        for _ in range(MAX_REDIRECTS + 1):
            parts = urlsplit(url)
            secret = {"Authorization": f"Bearer {token}"} if token and _origin(parts) == _origin(home) else {}
            answer = self._ask_once(parts, {**HEADERS, **(headers or {}), **secret})
            if answer.status not in REDIRECTS:
                return answer
            answer.close()
            url = next_address(url, answer.getheader("Location", ""))
        raise Broken("led round in a circle")

    def read(self, answer: http.client.HTTPResponse, size_bytes: int) -> bytes:
        """The next bytes, `size_bytes` at most; none at the end. Raises Broken, also after `stall_s` without a byte."""
        try:
            return answer.read1(size_bytes)
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a chunk's length that is no number
            raise Broken(str(error)) from error

    def abort(self) -> None:
        """Whoever reads gets the end, or Broken, at once."""
        self._is_aborted = True
        if self._socket is not None:
            with suppress(OSError):  # it has ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)

    def _ask_once(self, parts: SplitResult, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        connection = _connection(parts, self._proxy)
        try:
            self._connect(connection, parts)
            self._socket = connection.sock
            self._socket.settimeout(self._stall_s)
            if self._is_aborted:
                raise Broken("aborted")
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={**headers, "Connection": "close"})
            return connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a host or path that cannot be one
            connection.close()
            raise Broken(str(error)) from error

    def _connect(self, connection: http.client.HTTPConnection, parts: SplitResult) -> None:
        """Through the proxy's tunnel where there is one. Raises ProxyRefused, OSError, HTTPException."""
        try:
            connection.connect()
        except OSError as error:
            if self._proxy and (said := NO_TUNNEL.match(str(error))):
                raise ProxyRefused(proxy=self._proxy.host, host=parts.hostname, status=said[1]) from error
            raise


def next_address(url: str, location: str) -> str:
    """Where a redirect leads: never away from https."""
    try:
        target = urljoin(url, location)
        is_worse = urlsplit(url).scheme == "https" != urlsplit(target).scheme
    except ValueError as error:
        raise Broken(str(error)) from error
    if is_worse:
        raise Broken("led away from https")
    return target


def _connection(parts: SplitResult, proxy: Proxy | None) -> http.client.HTTPConnection:
    try:
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Broken("led to what is no web address")
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port, timeout=CONNECT_S)
        through = proxy if proxy and proxy.serves(parts.hostname) else None
        host, port = (through.host, through.port) if through else (parts.hostname, parts.port)
        connection = http.client.HTTPSConnection(host, port, timeout=CONNECT_S, context=ssl.create_default_context())
        if through:
            connection.set_tunnel(parts.hostname, parts.port or http.client.HTTPS_PORT, headers=through.headers)
        return connection
    except (http.client.HTTPException, ValueError) as error:  # ValueError: a port that is no number
        raise Broken(str(error)) from error


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower()
