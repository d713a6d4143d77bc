"""One request by HTTP/1.1 to an address that was checked, its answer read as it comes. Nothing is followed, nothing is tried again.

Bytes are what time is counted by: a server may take as long as it likes while some arrive.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import h11

from .base import EngineUnavailable
from .network import Address, find_addresses

CONNECT_S = 10
FIRST_BYTE_S = 300  # a server that reads a long prompt, or loads its model first
STALL_S = 120
READ_BYTES = 65_536
BODY_MAX_BYTES = 4 * 1024 * 1024


class Response:
    """The answer to one request: its status is known, its body comes."""

    def __init__(self, connection: h11.Connection, reader: asyncio.StreamReader) -> None:
        self.status = 0
        self._connection, self._reader = connection, reader

    async def begin(self, *, first_byte_s: float) -> None:
        """Read the status and the headers. Raises EngineUnavailable."""
        event = await self._next(first_byte_s)
        while isinstance(event, h11.InformationalResponse):
            event = await self._next(first_byte_s)
        if not isinstance(event, h11.Response):
            raise EngineUnavailable("The server hung up without an answer.")
        self.status = event.status_code

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives. Raises EngineUnavailable where it breaks off or stalls."""
        while not isinstance(event := await self._next(STALL_S), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise EngineUnavailable("The server hung up in the middle of its answer.")
            yield bytes(event.data)

    async def json(self) -> Any:
        """The whole body. Raises EngineUnavailable where it is none, or too large."""
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) > BODY_MAX_BYTES:
                raise EngineUnavailable("The server's answer is larger than any that belongs here.")
        try:
            return json.loads(body)
        except ValueError:
            raise EngineUnavailable("The server's answer is no JSON: is the address that of an OpenAI-compatible server?") from None

    async def _next(self, within_s: float) -> object:
        try:
            while (event := self._connection.next_event()) is h11.NEED_DATA:
                async with asyncio.timeout(within_s):
                    self._connection.receive_data(await self._reader.read(READ_BYTES))
        except TimeoutError:
            raise EngineUnavailable(f"The server sent nothing for {within_s:g} seconds.") from None
        except (OSError, h11.RemoteProtocolError):
            raise EngineUnavailable("The connection to the server broke off.") from None
        return event


@asynccontextmanager
async def request(
    address: Address, path: str, *, key: str, allow_public: bool, body: dict[str, Any] | None = None, first_byte_s: float = FIRST_BYTE_S
) -> AsyncIterator[Response]:
    """The answer to GET `path`, or to POST with a `body`. Leaving closes the connection, which stops the server.

    Raises EngineUnavailable.
    """
    reader, writer = await _connect(address, allow_public=allow_public)
    try:
        connection = h11.Connection(h11.CLIENT)
        data = b"" if body is None else json.dumps(body).encode()
        headers = [("Host", address.authority), ("User-Agent", "gemmaweb"), ("Accept", "text/event-stream, application/json")]
        headers += [("Connection", "close"), ("Content-Length", str(len(data)))]
        headers += [("Content-Type", "application/json")] if data else []
        headers += [("Authorization", f"Bearer {key}")] if key else []
        target = f"{address.path}{path}"
        writer.write(connection.send(h11.Request(method="POST" if data else "GET", target=target, headers=headers)) or b"")
        writer.write((connection.send(h11.Data(data=data)) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        response = Response(connection, reader)
        await response.begin(first_byte_s=first_byte_s)
        yield response
    finally:
        writer.transport.abort()  # at once: a polite end would first send what nobody wants any more


async def _connect(address: Address, *, allow_public: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of its addresses that takes one: to the address, not the name, which may lead elsewhere by then."""
    trust = await asyncio.to_thread(_trust) if address.is_secure else None
    why = "it does not answer"
    for ip in await find_addresses(address, allow_public=allow_public):
        try:
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.open_connection(ip, address.port, ssl=trust, server_hostname=address.host if trust else None)
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate is not trusted ({error.verify_message})"
        except TimeoutError:
            why = f"it does not answer within {CONNECT_S} seconds"
        except OSError as error:
            why = error.strerror or "it does not answer"
    raise EngineUnavailable(f"The server {address.url} cannot be reached: {why}.")


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that this machine trusts; reading them takes a while."""
    return ssl.create_default_context()
