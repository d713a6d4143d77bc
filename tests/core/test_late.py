"""Answers whose status comes late: sent when it is known, closed when the client has gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.http import HttpResponse, JsonResponse

from apps.core.late import Head, LateResponse, Parts, PatientHandler


async def send(response: Any) -> list[dict[str, Any]]:
    """The messages that the server gets."""
    sent: list[dict[str, Any]] = []

    async def take(message: Any) -> None:
        sent.append(dict(message))

    await PatientHandler().send_response(response, take)
    return sent


def body_of(sent: list[dict[str, Any]]) -> bytes:
    """What the client reads."""
    return b"".join(message.get("body", b"") for message in sent)


async def test_the_status_is_the_heads() -> None:
    async def parts() -> Parts:
        yield Head(418, "text/plain", {"X-Tea": "yes"})
        yield "short"
        yield " and stout"

    sent = await send(LateResponse(parts()))
    headers = {name.lower(): value for name, value in sent[0]["headers"]}
    assert (sent[0]["status"], headers[b"content-type"], headers[b"x-tea"]) == (418, b"text/plain", b"yes")
    assert body_of(sent) == b"short and stout"


async def test_other_answers_are_sent_as_ever() -> None:
    assert body_of(await send(JsonResponse({"a": 1}))) == b'{"a": 1}'
    assert (await send(HttpResponse(status=204)))[0]["status"] == 204


async def test_a_body_without_a_head_is_a_fault_of_ours() -> None:
    async def parts() -> Parts:
        yield "no head"

    with pytest.raises(TypeError):
        await send(LateResponse(parts()))


@pytest.mark.parametrize("has_head", [True, False])
async def test_the_parts_are_closed_when_the_client_goes(has_head: bool) -> None:
    closed = asyncio.Event()

    async def parts() -> Parts:
        try:
            if has_head:
                yield Head(200, "text/plain")
            await asyncio.sleep(60)
            yield "too late"
        finally:
            closed.set()

    sending = asyncio.create_task(send(LateResponse(parts())))
    await asyncio.sleep(0.05)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert closed.is_set()
