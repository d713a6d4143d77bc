"""A tab's socket, as the tests hold it: the ASGI application, spoken to directly."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter

from apps.chat.routing import websocket_urlpatterns
from tests.chat.scripted import DEADLINE_S


class Tab:
    """An open tab of `user`; use it as an async context manager."""

    def __init__(
        self, user: Any = None, *, application: Any = None, headers: tuple[tuple[bytes, bytes], ...] = (), path: str = "/ws/"
    ) -> None:
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": list(headers), "subprotocols": []}
        if application is None:  # the site's own door finds out by itself
            scope["user"] = user
        self._socket: Any = ApplicationCommunicator(application or URLRouter(websocket_urlpatterns), scope)  # type: ignore[no-untyped-call]
        self.frames: list[dict[str, Any]] = []

    async def __aenter__(self) -> Tab:
        assert not await self.refused()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._socket.wait(timeout=DEADLINE_S)

    async def refused(self) -> bool:
        """Whether the socket was refused before it was accepted."""
        await self._socket.send_input({"type": "websocket.connect"})
        return bool((await self._socket.receive_output(timeout=DEADLINE_S))["type"] == "websocket.close")

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.send_raw(json.dumps(frame, default=str))

    async def send_raw(self, raw: str | bytes) -> None:
        """Send whatever this is."""
        await self._socket.send_input({"type": "websocket.receive", "bytes" if isinstance(raw, bytes) else "text": raw})

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; all up to it are kept in `frames`."""
        while True:
            message = await self._socket.receive_output(timeout=DEADLINE_S)
            assert message["type"] == "websocket.send", message
            self.frames.append(json.loads(message["text"]))
            if self.frames[-1]["type"] == kind:
                return self.frames[-1]

    async def closed(self) -> int:
        """The code that the server closes with."""
        while True:
            message = await self._socket.receive_output(timeout=DEADLINE_S)
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def is_silent(self) -> bool:
        """Whether nothing comes for a moment."""
        return bool(await self._socket.receive_nothing(timeout=0.2))
