"""A limit on request bodies, in front of Django: its ASGI handler reads a whole body before any middleware sees the request."""

from __future__ import annotations

from typing import Any


class BodyLimit:
    """ASGI middleware: see docs/protocol.md."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
