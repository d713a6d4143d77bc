"""Answers whose status is known only after a wait, and the handler that waits for them without a thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponseBase, StreamingHttpResponse


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of an answer before its body."""

    status: int
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


Parts = AsyncGenerator[Head | str, None]


class LateResponse(StreamingHttpResponse):
    """`parts`: a Head, whenever it is known, then the body. They are closed when the client has gone, wherever they wait."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.parts = parts

    async def decide(self) -> None:
        """Wait for the head. Raises TypeError where the first part is none."""
        head = await anext(self.parts)
        if not isinstance(head, Head):
            raise TypeError(head)
        self.status_code = head.status
        for name, value in {"Content-Type": head.content_type, **head.headers}.items():
            self[name] = value


class PatientHandler(ASGIHandler):
    """Django's handler, which also sends what comes late.

    A view that waited itself would keep a thread for as long: our middleware is not async, and Django runs both on the same one.
    """

    async def send_response(self, response: HttpResponseBase, send: Callable[[Any], Awaitable[None]]) -> None:
        """Send it; a late one when its head is there."""
        if not isinstance(response, LateResponse):
            await super().send_response(response, send)
            return
        async with aclosing(response.parts):
            await response.decide()
            await super().send_response(response, send)


def patient_application() -> PatientHandler:
    """Django's ASGI application, set up."""
    django.setup(set_prefix=False)
    return PatientHandler()
