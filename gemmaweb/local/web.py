"""The web address: bound once by the supervisor and handed on, so that the port survives a restart of web."""

from __future__ import annotations

import http.client
import os
import socket

from gemmaweb.local.errors import Refused

BACKLOG = 2048
ASK_TIMEOUT_S = 2
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a person asks for by GEMMAWEB_HOST


def listen() -> socket.socket:
    """A socket that listens at GEMMAWEB_HOST and GEMMAWEB_PORT.

    Raises Refused.
    """
    host, port = os.environ.get("GEMMAWEB_HOST") or "127.0.0.1", os.environ.get("GEMMAWEB_PORT") or "8000"
    if not (port.isdecimal() and int(port) < 65536):
        raise Refused(f"GEMMAWEB_PORT must be a number from 0 to 65535, not {port!r}.")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Refused(f"GEMMAWEB_HOST is no address of this machine: {host!r} ({error.strerror}).") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Handed over by number, uvicorn takes it for a unix socket and leaves this out; accepted sockets inherit it.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(place)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise Refused(f"Port {port} of {host} cannot be used ({error.strerror}): set GEMMAWEB_PORT to another, or to 0.") from error
    return listening


def address(listening: socket.socket) -> str:
    """The URL to open on this machine."""
    host, port = listening.getsockname()[:2]
    return _url(EVERYWHERE.get(host, host), port)


def network_address(listening: socket.socket) -> str | None:
    """The URL for other machines of the network, where all of our addresses are served and there is a network."""
    host, port = listening.getsockname()[:2]
    if host not in EVERYWHERE:
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # sends nothing: it only asks which of our addresses leads outside
        except OSError:
            return None
        return _url(asking.getsockname()[0], port)


def answers(listening: socket.socket) -> bool:
    """Whether web, behind `listening`, says that it is ready."""
    host, port = listening.getsockname()[:2]
    asking = http.client.HTTPConnection(EVERYWHERE.get(host, host), port, timeout=ASK_TIMEOUT_S)
    try:
        asking.request("GET", "/readyz")
        return asking.getresponse().status == 200
    except OSError:
        return False
    finally:
        asking.close()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
