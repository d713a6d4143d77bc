"""A limit on request bodies, in front of Django: its ASGI handler reads a whole body before any middleware sees the request."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.errors import ProductError
from apps.core.openai_form import error_body

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Gate = Callable[[Message], Awaitable[ProductError | None]]

UPLOAD = re.compile(r"/api/workspaces/[-\w]+/documents")
PICTURE = "/me/picture/"
WITH_IMAGES = "/v1/chat/completions"
MULTIPART_MAX_BYTES = 64 * 1024  # the form around the file
LINGER_S = 10.0


class BodyTooLarge(ProductError):
    """More bytes than this address takes."""

    code = "too_large"
    status = 413
    sentence = _("This is too large: at most %(mb)s MB can be sent here.")

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(str(self.sentence) % {"mb": limit_bytes // 1024 // 1024})


class SizeMissing(ProductError):
    """Django reads no form that comes in chunks, and would say that there is no file in it."""

    code = "length_required"
    status = 411
    sentence = _("Send the file with its size, in Content-Length, and not in chunks.")


class BodyLimit:
    """ASGI middleware: answers 413 to a body that says it is too large, and to one that turns out to be while it comes.

    `gate` says of an upload why it must not come at all, before a byte of it is read.
    """

    def __init__(self, app: App, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, if its body is welcome and fits."""
        body = _Body(scope["path"], limit_of(scope), receive, send)
        if refused := await self._refused(scope, body.limit_bytes):
            await body.refuse(refused)
        else:
            await self.app(scope, body.receive, body.send)
            if body.is_too_large and not body.is_answered:
                await body.refuse(BodyTooLarge(body.limit_bytes))

    async def _refused(self, scope: Message, limit_bytes: int) -> ProductError | None:
        if is_upload(scope):
            if refused := await self.gate(scope):
                return refused
            if b"transfer-encoding" in dict(scope["headers"]):
                return SizeMissing()
        return BodyTooLarge(limit_bytes) if declared_bytes(scope) > limit_bytes else None


class _Body:
    """One request's body: counted on the way in."""

    def __init__(self, path: str, limit_bytes: int, receive: Receive, send: Send) -> None:
        self.path = path
        self.limit_bytes = limit_bytes
        self.read_bytes = 0
        self.is_answered = False
        self._receive = receive
        self._send = send

    @property
    def is_too_large(self) -> bool:
        return self.read_bytes > self.limit_bytes

    async def receive(self) -> Message:
        """The next part; once there are too many bytes the client is gone, as far as the application can tell."""
        message = await self._receive()
        if message["type"] == "http.request":
            self.read_bytes += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_too_large else message

    async def send(self, message: Message) -> None:
        """Pass the answer on, and remember that there is one."""
        self.is_answered = True
        await self._send(message)

    async def refuse(self, error: ProductError) -> None:
        """Answer, and close: what still comes of the body is nobody's."""
        content = json.dumps(error_body(self.path, error)).encode()
        told = {"content-type": "application/json", "content-length": str(len(content)), "connection": "close", **error.headers}
        headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content, "more_body": True})
        await self._linger()
        await self.send({"type": "http.response.body", "body": b""})

    async def _linger(self) -> None:
        """Read on for a moment: a client whose bytes are thrown back while it sends never reads the answer."""
        try:
            async with asyncio.timeout(LINGER_S):
                while (await self._receive()).get("more_body"):
                    pass
        except TimeoutError:
            return


def is_upload(scope: Message) -> bool:
    """Whether the body of this request may be a file."""
    return scope["method"] == "POST" and UPLOAD.fullmatch(scope["path"]) is not None


def limit_of(scope: Message) -> int:
    """How many bytes the body of this request may have."""
    if is_upload(scope):
        return int(settings.UPLOAD_MAX_BYTES) + MULTIPART_MAX_BYTES
    if scope["path"] == PICTURE:
        return 3 * int(settings.PICTURE_MAX_BYTES)  # what is a little too large gets a page that says so, which we cannot give here
    if scope["path"] == WITH_IMAGES:
        return int(settings.BODY_WITH_IMAGES_MAX_BYTES)
    return int(settings.BODY_MAX_BYTES)


def declared_bytes(scope: Message) -> int:
    """What Content-Length says; 0 where it says nothing, or nothing sensible (the server has refused that already)."""
    declared = dict(scope["headers"]).get(b"content-length", b"")
    return int(declared) if declared.isdigit() else 0
