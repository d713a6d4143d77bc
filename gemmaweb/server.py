"""The web server: uvicorn, with a limit on what stands before a body. `python -m gemmaweb.server --fd N` serves that socket."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SOCKET_FRAME_MAX_BYTES = 2 * 1024 * 1024  # what is longer closes the socket unread; uvicorn would hold 16 MB of each
HEAD_MAX_BYTES = 64 * 1024
HEADERS_MAX = 200  # a browser sends 30, a proxy adds 10
GRACE_S = 3
TICK_S = 1.0
TOO_LARGE = b'{"error": {"code": "head_too_large", "message": "The headers of this request are too large, or too many. Send fewer."}}'
REFUSAL = b"\r\n".join((
    b"HTTP/1.1 431 Request Header Fields Too Large",
    b"content-type: application/json",
    b"content-length: %d" % len(TOO_LARGE),
    b"connection: close",
    b"",
    TOO_LARGE,
))  # fmt: skip


class HeadTooLarge(Exception):
    """Found while the parser reads: it hands on what we raise as an error of its own."""


class BoundedHttp(HttpToolsProtocol):
    """Refuses, by 431, a request whose address and headers do not end.

    Without it 16 MB of headers, from anybody, took 360 MB and held up everybody else for four seconds; more of them, the process.
    """

    _unfinished_bytes = 0  # fed to the parser since it last told us something
    _bytes_left = HEAD_MAX_BYTES
    _headers_left = HEADERS_MAX
    _is_too_large = False

    def data_received(self, data: bytes) -> None:
        """Read on, unless a header (or what stands between the parts of a body) should have ended by now."""
        if self.transport.is_closing():
            return
        self._unfinished_bytes += len(data)
        super().data_received(data)
        if self._unfinished_bytes > HEAD_MAX_BYTES:
            self._refuse()

    def on_message_begin(self) -> None:
        """A new request."""
        self._bytes_left, self._headers_left = HEAD_MAX_BYTES, HEADERS_MAX
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Another piece of the address. Raises HeadTooLarge."""
        self._allow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Another header. Raises HeadTooLarge."""
        self._headers_left -= 1
        self._allow(len(name) + len(value))
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Another piece of the body: how long that may be is counted elsewhere."""
        self._unfinished_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it was read."""
        self._unfinished_bytes = 0
        super().on_message_complete()

    def _allow(self, length_bytes: int) -> None:
        self._unfinished_bytes = 0
        self._bytes_left -= length_bytes
        if self._bytes_left < 0 or self._headers_left < 0:
            self._is_too_large = True
            raise HeadTooLarge

    def send_400_response(self, msg: str) -> None:
        """The parser could not go on: by what it read, or by what we raised."""
        if self._is_too_large:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(REFUSAL)
            self.transport.close()


class Server(uvicorn.Server):
    """Looks once a second at what uvicorn looks at ten times a second; a signal it sees at once."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Until a signal says that it is enough."""
        self._loop, self._signalled = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):  # each tenth one, as uvicorn counts, renews the date that answers carry
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._signalled.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal."""
        super().handle_exit(sig, frame)
        if self._loop is not None:  # else it has not begun yet, and looks before it does
            self._loop.call_soon_threadsafe(self._signalled.set)


def serve(fd: int) -> None:
    """Serve the listening socket `fd` until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        "gemmaweb.asgi:application",
        fd=fd,
        http=BoundedHttp,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # an idle socket: 64 kB with it, 29 kB without
        ws_max_size=SOCKET_FRAME_MAX_BYTES,
        access_log=False,
        proxy_headers=False,  # gemmaweb.hosts believes whom it was told to believe
        timeout_graceful_shutdown=GRACE_S,
    )
    server = Server(config)
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Serve the pages, the API and the sockets.")
    parser.add_argument("--fd", type=int, required=True, help="the number of a socket that listens")
    serve(parser.parse_args(arguments).fd)


if __name__ == "__main__":
    main()
