"""A program that goes away: its run ends with it, wherever it stands, and while it waits it holds neither thread nor connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asgiref.testing import ApplicationCommunicator

from apps.chat.models import Generation
from apps.core import live
from apps.core.database import in_database
from apps.core.hub import hub
from apps.core.late import patient_application
from apps.workspaces.models import ApiKey
from tests.api.test_events import connections_in_use
from tests.api.v1.conftest import HELLO, Says
from tests.chat.conftest import Worker
from tests.chat.scripted import Gate

pytestmark = pytest.mark.django_db(transaction=True)
WITHIN_S = 10


class Wire:
    """One request without a client library: what comes is seen as it comes."""

    def __init__(self, key: str, **asked: Any) -> None:
        self.gate = Gate()
        path = "/v1/chat/completions"
        headers = [
            (b"authorization", f"Bearer {key}".encode()),
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
        ]
        communicator: Any = ApplicationCommunicator  # asgiref leaves it untyped
        self._body = json.dumps({"model": "scripted", "messages": HELLO, **asked}).encode()
        self.asgi = communicator(patient_application(), {"type": "http", "method": "POST", "path": path, "headers": headers})

    async def send(self) -> None:
        """Send the request."""
        await self.asgi.send_input({"type": "http.request", "body": self._body, "more_body": False})

    async def next(self) -> dict[str, Any]:
        """The next message of the answer."""
        message: dict[str, Any] = await self.asgi.receive_output(WITHIN_S)
        return message

    async def until(self, text: str) -> str:
        """All that the body says until it says `text`."""
        said = ""
        while text not in said:
            said += (await self.next()).get("body", b"").decode()
        return said

    async def go(self) -> None:
        """Hang up."""
        await self.asgi.send_input({"type": "http.disconnect"})
        await self.asgi.wait(WITHIN_S)


@pytest_asyncio.fixture
async def wire(key: str, says: Says) -> AsyncIterator[Wire]:
    """A stream of a model that says two words and then waits."""
    made = Wire(key, stream=True)
    says("One two", made.gate, " three")
    yield made
    await hub().close()


async def until_status(*statuses: str) -> None:
    """Return when the only run stands so."""
    async with asyncio.timeout(WITHIN_S):
        while not await in_database(Generation.objects.filter(status__in=statuses).exists)():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_run_that_waits_ends_with_its_program(key: str, says: Says, stream: bool) -> None:
    says("Never.")
    wire = Wire(key, stream=stream)
    await wire.send()
    await until_status("queued")
    await wire.go()
    await until_status("stopped")
    await hub().close()


async def test_a_run_that_is_written_ends_with_its_program(wire: Wire, worker: Worker) -> None:
    await wire.send()
    await until_status("queued")
    worker.wake()
    assert (await wire.next())["status"] == 200
    await wire.until("One two")
    await wire.go()
    await until_status("stopped")


async def test_who_waits_holds_no_connection_and_hears_that_we_are_here(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.events.LOOK_AGAIN_S", 0.2)
    before = connections_in_use()
    await wire.send()
    assert (await wire.next())["status"] == 200  # after the first quiet seconds
    await wire.until(": still here")
    async with asyncio.timeout(WITHIN_S):
        while connections_in_use() > before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await wire.go()


async def test_a_key_that_ends_ends_the_answer(wire: Wire, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.events.LOOK_AGAIN_S", 0.2)
    await wire.send()
    await until_status("queued")
    worker.wake()
    await wire.next()
    await in_database(ApiKey.objects.update)(revoked_at="2026-01-01T00:00Z")
    await wire.until("invalid_api_key")
    await until_status("stopped")


async def test_frames_that_were_missed_are_fetched(wire: Wire, worker: Worker) -> None:
    """A reader that Redis dropped comes back to a snapshot, and nothing is sent twice."""
    await wire.send()
    await until_status("queued")
    worker.wake()
    said = await wire.until("One two")
    run = await in_database(Generation.objects.get)()
    room = live.channel(f"conversation:{run.conversation_id}")
    for subscriber in tuple(hub()._rooms[room].subscribers):
        subscriber.drop()
    wire.gate.open()
    said += await wire.until("[DONE]")
    assert (said.count("One two"), said.count(" three")) == (1, 1)
