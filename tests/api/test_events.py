"""A run's frames as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.db import connection, connections, transaction
from django.test import AsyncClient

from apps.accounts.models import Session, User
from apps.chat.ending import end
from apps.chat.models import Conversation, Generation
from apps.chat.services import ask
from apps.chat.snapshots import Written
from apps.chat.stream import state_key
from apps.core import live
from apps.core.database import in_database
from apps.workspaces.keys import create_key
from apps.workspaces.models import ApiKey, Membership
from tests.conftest import make_person, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
WITHIN_S = 10


class Listener:
    """A program that follows a run."""

    def __init__(self, run: Generation, key: str) -> None:
        self.run, self.key = run, key
        self.events: AsyncIterator[bytes]

    async def open(self, last_event_id: str = "") -> int:
        """The status of the stream."""
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        answer = await AsyncClient().get(f"/api/runs/{self.run.pk}/events", headers=headers)
        await sync_to_async(connections.close_all)()  # of the thread that ran the view: the test client leaves it open
        if answer.status_code == 200:
            assert answer.headers["Content-Type"] == "text/event-stream"
            self.events = aiter(answer.streaming_content)  # type: ignore[attr-defined]  # it is a stream
        return answer.status_code

    async def next(self) -> dict[str, Any]:
        """The next event: `id`, and what it carries."""
        async with asyncio.timeout(WITHIN_S):
            lines = (await anext(self.events)).decode().splitlines()
        if lines[0].startswith(":"):
            return {"type": "ping"}
        fields = dict(line.split(": ", 1) for line in lines if line)
        frame = json.loads(fields["data"])
        assert frame["type"] == fields["event"]
        return {"id": fields.get("id"), **frame}

    async def tell(self, attempt: int, seq: int, text: str = "x", **more: Any) -> None:
        """What a worker would publish."""
        frame = {"type": "delta", "run": str(self.run.pk), "attempt": attempt, "seq": seq, "text": text, **more}
        await in_database(live.publish)(f"conversation:{self.run.conversation_id}", frame)

    async def joined(self) -> asyncio.Task[dict[str, Any]]:
        """The coming event, once the stream has joined its room."""
        coming = asyncio.create_task(self.next())
        room = live.channel(f"conversation:{self.run.conversation_id}")
        async with asyncio.timeout(WITHIN_S):
            while not (await in_database(live.client().pubsub_numsub)(room))[0][1]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # Redis tells how many there are, not when there is one more
        return coming


@pytest.fixture
def listener(installation: object) -> Listener:
    """Alice's program, and her question that waits."""
    alice = make_person("Alice")
    workspace = make_workspace("harbour", owner=alice)
    conversation = Conversation.objects.create(workspace=workspace, author=alice)
    run = ask(workspace=workspace, conversation=conversation, asked_by=alice, text="When?", key="k")
    return Listener(run, create_key(user=alice, workspace=workspace, name="robot")[1])


async def finish(run: Generation, text: str = "Noon.") -> None:
    """The end, as a worker writes it: in one transaction, or a stream that begins meanwhile would find half of it."""
    await in_database(transaction.atomic(end))(run, status="done", written=Written(text))


async def test_frames_come_as_they_are_written(listener: Listener) -> None:
    assert await listener.open() == 200
    coming = await listener.joined()
    await listener.tell(1, 1, "No")
    await listener.tell(1, 2, "on.")
    first, second = await coming, await listener.next()
    assert [(event["type"], event["id"], event["text"]) for event in (first, second)] == [("delta", "1-1", "No"), ("delta", "1-2", "on.")]


async def test_the_end_is_the_last_event(listener: Listener) -> None:
    await listener.open()
    coming = await listener.joined()
    await finish(listener.run)
    last = await coming
    assert (last["type"], last["status"], last["text"]) == ("ended", "done", "Noon.")
    with pytest.raises(StopAsyncIteration):
        await listener.next()


async def test_an_ended_run_is_told_at_once(listener: Listener) -> None:
    await finish(listener.run)
    await listener.open()
    assert (await listener.next())["type"] == "ended"


async def test_frames_of_other_runs_are_not_told(listener: Listener) -> None:
    await listener.open()
    coming = await listener.joined()
    await listener.tell(1, 1, "foreign", run="018f0000-0000-7000-8000-000000000000")
    await listener.tell(1, 1, "mine")
    assert (await coming)["text"] == "mine"


async def test_a_repeated_frame_is_told_once(listener: Listener) -> None:
    await listener.open()
    coming = await listener.joined()
    for seq in (1, 1, 2):
        await listener.tell(1, seq, str(seq))
    assert [(await coming)["text"], (await listener.next())["text"]] == ["1", "2"]


async def test_a_gap_is_filled_by_a_snapshot(listener: Listener) -> None:
    await listener.open()
    coming = await listener.joined()
    await listener.tell(1, 1, "It ")
    await coming
    await in_database(remember)(listener.run, seq=3, text="It is noon")
    await listener.tell(1, 3, "noon")
    event = await listener.next()
    assert (event["type"], event["id"], event["text"]) == ("snapshot", "1-3", "It is noon")


async def test_whoever_comes_late_gets_a_snapshot(listener: Listener) -> None:
    await in_database(remember)(listener.run, seq=3, text="It is noon")
    await listener.open()
    event = await listener.next()
    assert (event["type"], event["id"], event["text"]) == ("snapshot", "1-3", "It is noon")


async def test_whoever_comes_back_and_missed_nothing_goes_on(listener: Listener) -> None:
    await in_database(remember)(listener.run, seq=3, text="It is noon")
    await listener.open("1-3")
    coming = await listener.joined()
    await listener.tell(1, 4, ".")
    assert (await coming)["id"] == "1-4"


@pytest.mark.parametrize("last_event_id", ["1-1", "0-0", "x", "1-", "-", "9" * 50, "1-3; DROP", "²-³"])
async def test_whoever_comes_back_late_gets_a_snapshot(listener: Listener, last_event_id: str) -> None:
    await in_database(remember)(listener.run, seq=3, text="It is noon")
    await listener.open(last_event_id)
    assert (await listener.next())["type"] == "snapshot"


async def test_another_workers_attempt_begins_with_a_snapshot(listener: Listener) -> None:
    await in_database(remember)(listener.run, seq=3, text="It is noon")
    await listener.open("1-3")
    coming = await listener.joined()
    await in_database(remember)(listener.run, seq=1, text="It is noon, still", attempt=2)
    await listener.tell(2, 1, ", still")
    event = await coming
    assert (event["type"], event["id"], event["text"]) == ("snapshot", "2-1", "It is noon, still")


async def test_it_ends_with_the_right_to_read(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.events.LOOK_AGAIN_S", 0.2)
    await listener.open()
    assert await listener.next() == {"type": "ping"}
    await in_database(ApiKey.objects.update)(revoked_at="2026-01-01T00:00Z")
    async with asyncio.timeout(WITHIN_S):
        assert {event async for event in listener.events} <= {b": still here\n\n"}


@pytest.mark.parametrize("ends", [True, False])
async def test_a_browser_that_was_signed_out_hears_no_more(listener: Listener, monkeypatch: pytest.MonkeyPatch, ends: bool) -> None:
    monkeypatch.setattr("apps.api.events.LOOK_AGAIN_S", 0.2)
    browser, other = AsyncClient(), AsyncClient()
    for one in (browser, other):
        await one.aforce_login(await User.objects.aget())
    answer = await browser.get(f"/api/runs/{listener.run.pk}/events")
    listener.events = aiter(answer.streaming_content)  # type: ignore[attr-defined]  # it is a stream
    await sync_to_async(connections.close_all)()
    coming = await listener.joined()
    signed_out = browser if ends else other
    await Session.objects.filter(pk=signed_out.session.session_key).adelete()
    with pytest.raises(StopAsyncIteration) if ends else nullcontext():
        assert (await coming)["type"] == "ping"
        assert (await listener.next())["type"] == "ping"


@pytest.mark.parametrize("end", ["disabled", "removed", "key"])
async def test_frames_that_keep_coming_do_not_outlive_the_right_to_read(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr("apps.api.events.LOOK_AGAIN_S", 0.2)
    await listener.open()
    coming = await listener.joined()
    await listener.tell(1, 1)
    await coming
    ends: dict[str, Any] = {
        "disabled": partial(User.objects.update, is_active=False),
        "removed": Membership.objects.all().delete,
        "key": partial(ApiKey.objects.update, revoked_at="2026-01-01T00:00Z"),
    }
    await in_database(ends[end])()
    told = asyncio.create_task(keep_telling(listener))
    async with asyncio.timeout(WITHIN_S):
        last = [event async for event in listener.events]
    told.cancel()
    assert len(last) < 30  # 0.2 s at one frame each 0.02 s, and some


async def test_frames_that_keep_coming_to_who_may_read_them_are_no_snapshots(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.events.LOOK_AGAIN_S", 0.4)  # a frame comes each 0.02 s, unless the machine is busy
    await listener.open()
    coming = await listener.joined()
    told = asyncio.create_task(keep_telling(listener, since=1))
    events = [await coming] + [await listener.next() for _ in range(30)]
    told.cancel()
    assert [event["id"] for event in events] == [f"1-{seq}" for seq in range(1, 32)]


async def keep_telling(listener: Listener, since: int = 2) -> None:
    """A worker that writes without a pause."""
    for seq in range(since, 10_000):
        await listener.tell(1, seq)
        await asyncio.sleep(0.02)


async def test_a_follower_holds_no_database_connection(listener: Listener) -> None:
    before = connections_in_use()
    headers = [(b"authorization", f"Bearer {listener.key}".encode()), (b"host", b"localhost")]
    path = f"/api/runs/{listener.run.pk}/events"
    communicator: Any = ApplicationCommunicator  # asgiref leaves it untyped
    stream = communicator(get_asgi_application(), {"type": "http", "method": "GET", "path": path, "headers": headers})
    await stream.send_input({"type": "http.request", "body": b"", "more_body": False})
    assert (await stream.receive_output(WITHIN_S))["status"] == 200
    async with asyncio.timeout(WITHIN_S):
        while connections_in_use() > before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the pool tells how many are out, not when one comes back
    await stream.send_input({"type": "http.disconnect"})
    await stream.wait(WITHIN_S)


@pytest.mark.parametrize("is_late", [True, False])
async def test_why_an_answer_failed_is_told_in_the_persons_language(listener: Listener, is_late: bool) -> None:
    await in_database(User.objects.update)(language="de")
    fail = in_database(end)
    if is_late:
        await fail(listener.run, status="failed", written=Written("It is"), error="engine_failed")
    await listener.open()
    if is_late:
        last = await listener.next()
    else:
        coming = await listener.joined()
        await fail(listener.run, status="failed", written=Written("It is"), error="engine_failed")
        last = await coming
    assert (last["type"], last["error"]["code"]) == ("ended", "engine_failed")
    assert "Modell" in last["error"]["message"]


async def test_asking_and_following_is_one_request(listener: Listener) -> None:
    headers = {"Authorization": f"Bearer {listener.key}", "Idempotency-Key": "one"}
    paths = ["/api/workspaces/harbour/ask"] * 2
    streams = [await AsyncClient().post(path, {"text": "At noon?"}, content_type="application/json", headers=headers) for path in paths]
    await sync_to_async(connections.close_all)()
    assert [stream.headers["Content-Type"] for stream in streams] == ["text/event-stream"] * 2
    listener.events = aiter(streams[0].streaming_content)  # type: ignore[attr-defined]  # it is a stream
    asked = await listener.next()
    listener.run = await in_database(Generation.objects.get)(pk=asked["run"])
    assert (asked["type"], asked["conversation"], asked["key"]) == ("asked", str(listener.run.conversation_id), "one")
    coming = await listener.joined()
    await finish(listener.run)
    assert (await coming)["text"] == "Noon."
    again = aiter(streams[1].streaming_content)  # type: ignore[attr-defined]  # it is one too
    assert (await anext(again)).startswith(b"event: asked\n")
    assert await in_database(Generation.objects.count)() == 2


async def test_a_stranger_gets_no_stream(listener: Listener) -> None:
    charlie: User = await in_database(make_person)("Charlie")
    own = await in_database(make_workspace)("elsewhere", owner=charlie)
    listener.key = (await in_database(create_key)(user=charlie, workspace=own, name="robot"))[1]
    assert await listener.open() == 404


def connections_in_use() -> int:
    """How many connections to the database are out of the pool."""
    known = connection.pool.get_stats()  # type: ignore[attr-defined]  # PostgreSQL's has one
    return int(known["pool_size"] - known["pool_available"])


def remember(run: Generation, *, seq: int, text: str, attempt: int = 1) -> None:
    """What a worker keeps in Redis beside its frames."""
    Generation.objects.filter(pk=run.pk).update(status="running", attempt=attempt)
    state = {"seq": seq, "taken": 0, "chars": len(text), "citations": [], "notes": [], "engine": "quote"}
    live.client().set(state_key(run.pk, attempt, "text"), text)
    live.client().set(state_key(run.pk, attempt, "state"), json.dumps(state))
