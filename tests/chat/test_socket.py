"""One socket a tab: join, ask, snapshot, stop; and nothing of anybody else's."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.db import connection

from apps.accounts.models import User
from apps.chat import services, tasks
from apps.chat.models import Conversation, Generation
from apps.chat.snapshots import read_shown
from apps.core import live
from apps.core.database import in_database
from apps.core.hub import LiveUnavailable, hub
from apps.documents.models import Document
from apps.documents.services import store_upload
from apps.workspaces.models import Membership, Workspace
from tests.chat.conftest import Ask, until
from tests.chat.scripted import Gate, ScriptedEngine
from tests.chat.socket import Tab
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]


@pytest_asyncio.fixture(autouse=True)
async def _close_the_hub() -> AsyncIterator[None]:
    yield
    await hub().close()


async def work() -> None:
    """Take one permit, on a worker's thread, and wait for the end of the run."""

    def wake() -> None:
        tasks.wake()
        connection.close()

    await asyncio.to_thread(wake)


def shown_text(run: Generation) -> str:
    """What was shown of the run's first attempt."""
    shown = read_shown(run.pk, 1)
    return shown.written.text if shown else ""


async def test_it_asks_and_follows(alice: User, workspace: Workspace, scripted: Script) -> None:
    scripted("At six.")
    async with Tab(alice) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text="When?", key="k1")
        asked = await tab.until("asked")
        await work()
        ended = await tab.until("ended")
    assert (asked["key"], asked["question"]["text"], asked["question"]["sequence"], asked["answer"]["sequence"]) == ("k1", "When?", 1, 2)
    assert (ended["run"], ended["text"]) == (asked["run"], "At six.")


async def test_the_same_key_is_the_same_question(alice: User, workspace: Workspace) -> None:
    async with Tab(alice) as tab:
        runs = set()
        for _ in range(3):
            await tab.send(type="ask", workspace="harbour", conversation=None, text="When?", key="k1")
            runs.add((await tab.until("asked"))["run"])
    assert len(runs) == 1
    assert await in_database(Conversation.objects.count)() == 1


async def test_a_second_tab_gets_the_text_from_the_first_byte(
    alice: User, workspace: Workspace, scripted: Script, conversation: Conversation, ask: Ask
) -> None:
    gate = Gate()
    scripted("One, two, ", gate, "three.")
    run = await in_database(ask)(conversation=conversation)
    working = asyncio.create_task(work())
    await asyncio.to_thread(until, lambda: shown_text(run))
    async with Tab(alice) as tab:
        await tab.send(type="join", conversation=conversation.pk)
        assert (await tab.until("joined"))["runs"] == [str(run.pk)]
        await tab.send(type="snapshot", run=run.pk)
        snapshot = await tab.until("snapshot")
        gate.open()
        await tab.until("ended")
        await working
    after = [frame for frame in tab.frames if frame["type"] == "delta" and frame["seq"] > snapshot["seq"]]
    assert snapshot["text"] + "".join(frame["text"] for frame in after) == "One, two, three."
    assert snapshot["tail"] == "One, two,"  # a space at the end waits for what follows


async def test_the_answer_goes_on_without_a_tab(alice: User, workspace: Workspace, scripted: Script) -> None:
    gate = Gate()
    scripted("One, ", gate, "two.")
    async with Tab(alice) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text="When?", key="k1")
        await tab.until("asked")
        working = asyncio.create_task(work())
        await tab.until("delta")
    gate.open()
    await working
    run = await in_database(Generation.objects.select_related("answer").get)()
    assert (run.status, run.answer.text) == ("done", "One, two.")


async def test_it_stops(alice: User, workspace: Workspace, scripted: Script) -> None:
    scripted("One", Gate(), " two")
    async with Tab(alice) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text="When?", key="k1")
        run = (await tab.until("asked"))["run"]
        working = asyncio.create_task(work())
        await tab.until("delta")
        await tab.send(type="stop", run=run)
        ended = await tab.until("ended")
        await working
    assert (ended["status"], ended["text"]) == ("stopped", "One")


async def test_who_comes_after_the_end_gets_the_last_word(alice: User, workspace: Workspace, scripted: Script, ask: Ask) -> None:
    scripted("Six.")
    run = await in_database(ask)()
    await work()
    async with Tab(alice) as tab:
        await tab.send(type="snapshot", run=run.pk)
        assert (await tab.until("snapshot"))["status"] == "done"
        assert (await tab.until("ended"))["html"] == "<p>Six.</p>\n"


async def test_it_tells_the_place_in_the_queue(alice: User, workspace: Workspace, ask: Ask, conversation: Conversation) -> None:
    async with Tab(alice) as tab:
        await tab.send(type="join", conversation=conversation.pk)
        await tab.until("joined")
        await in_database(ask)()
        await in_database(ask)(conversation=conversation)
        assert (await tab.until("queued"))["place"] == 2
        await in_database(services.stop)(run=await in_database(Generation.objects.earliest)("pk"))
        assert (await tab.until("queued"))["place"] == 1


@pytest.mark.parametrize("who", ["bob", "charlie"])
async def test_others_and_the_missing_look_the_same(
    who: str, bob: User, charlie: User, ask: Ask, conversation: Conversation, scripted: Script
) -> None:
    run = await in_database(ask)(conversation=conversation)
    async with Tab({"bob": bob, "charlie": charlie}[who]) as tab:
        for frame in (
            {"type": "join", "conversation": conversation.pk},
            {"type": "join", "conversation": uuid4()},
            {"type": "snapshot", "run": run.pk},
            {"type": "snapshot", "run": uuid4()},
            {"type": "stop", "run": run.pk},
            {"type": "ask", "workspace": "harbour", "conversation": conversation.pk, "text": "And?", "key": "k"},
            {"type": "watch", "workspace": "harbour" if who == "charlie" else "nowhere"},
        ):
            await tab.send(**frame)
            assert (await tab.until("error"))["code"] == "not_found", frame
        await in_database(services.rename)(conversation=conversation, title="secret")
        await in_database(services.stop)(run=run)
        assert await tab.is_silent()
    assert (await in_database(Generation.objects.get)()).status == "stopped"


async def test_a_conversation_of_another_workspace_is_not_here(alice: User, bob: User, conversation: Conversation) -> None:
    own = await in_database(Workspace.objects.create)(slug="own", name="Own")
    await in_database(Membership.objects.create)(workspace=own, user=alice, role="owner")
    async with Tab(alice) as tab:
        await tab.send(type="ask", workspace="own", conversation=conversation.pk, text="And?", key="k")
        assert (await tab.until("error"))["code"] == "not_found"


@pytest.mark.parametrize("user", [None, AnonymousUser()])
async def test_whoever_is_not_signed_in_is_refused(user: Any, installation: Any) -> None:
    assert await Tab(user).refused()


async def test_it_closes_when_the_person_is_signed_out(alice: User, bob: User) -> None:
    async with Tab(alice) as tab, Tab(bob) as other:
        await in_database(live.end_sockets)(alice.pk)
        assert await tab.closed() == 4001
        assert await other.is_silent()


async def test_it_tells_whoever_is_disabled_so(alice: User, bob: User) -> None:
    async with Tab(alice) as tab, Tab(bob) as other:
        await in_database(live.shut_out)([alice.pk])
        assert await tab.closed() == 4003
        assert await other.is_silent()


async def test_a_disabled_person_gets_nothing(alice: User, workspace: Workspace, conversation: Conversation) -> None:
    async with Tab(alice) as tab:
        await in_database(User.objects.filter(pk=alice.pk).update)(is_active=False)
        await tab.send(type="join", conversation=conversation.pk)
        assert (await tab.until("error"))["code"] == "not_found"


WRONG = [
    "",
    "hello",
    "[]",
    "null",
    "{}",
    b"\x00",
    json.dumps({"type": "dance"}),
    json.dumps({"type": ["ask"]}),
    json.dumps({"type": "join"}),
    json.dumps({"type": "join", "conversation": 5}),
    json.dumps({"type": "join", "conversation": "../../etc/passwd"}),
    json.dumps({"type": "join", "conversation": str(uuid4()), "as": "admin"}),
    json.dumps({"type": "ask", "workspace": "harbour", "conversation": None, "text": 5, "key": "k"}),
    json.dumps({"type": "ask", "workspace": "harbour", "conversation": None, "text": "x", "key": "k" * 101}),
    json.dumps({"type": "ask", "workspace": "harbour", "conversation": None, "text": "x", "key": "\n"}),
    json.dumps({"type": "ask", "workspace": "harbour", "conversation": None, "text": "x" * 300_000, "key": "k"}),
    "[" * 100_000,
    '{"type": "join", "\\ud800": 1}',
    json.dumps({"type": "join", "x" * 200_000: 1}),
]


@pytest.mark.parametrize("raw", WRONG)
async def test_a_wrong_frame_changes_nothing(raw: str | bytes, alice: User, workspace: Workspace) -> None:
    async with Tab(alice) as tab:
        await tab.send_raw(raw)
        error = await tab.until("error")
    assert (error["code"], bool(error["fields"])) == ("bad_frame", True)
    assert await in_database(Generation.objects.count)() == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [("  \n ", "question_empty"), ("x" * 32_001, "question_too_long"), ("a\0b", "question_unreadable"), ("\ud83d", "question_unreadable")],
)
async def test_a_bad_question_leaves_no_trace(text: str, code: str, alice: User, workspace: Workspace) -> None:
    async with Tab(alice) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text=text, key="k1")
        error = await tab.until("error")
    assert (error["code"], error["key"]) == (code, "k1")
    assert await in_database(Conversation.objects.count)() == 0


async def test_it_slows_down_who_sends_too_fast(alice: User, workspace: Workspace) -> None:
    async with Tab(alice) as tab:
        for _ in range(60):
            await tab.send(type="dance")
        codes = [(await tab.until("error"))["code"] for _ in range(60)]
    assert codes[0] == "bad_frame"
    assert codes[-1] == "too_fast"


async def test_errors_are_in_the_person_s_language(alice: User, workspace: Workspace) -> None:
    await in_database(User.objects.filter(pk=alice.pk).update)(language="de")
    async with Tab(alice) as tab:
        await tab.send(type="dance")
        assert (await tab.until("error"))["message"]


async def test_viewers_may_ask(bob: User, workspace: Workspace) -> None:
    await in_database(Membership.objects.filter(user=bob).update)(role="viewer")
    async with Tab(bob) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text="When?", key="k1")
        assert (await tab.until("asked"))["key"] == "k1"


async def test_every_tab_of_a_person_hears_of_titles_and_deletions(alice: User, workspace: Workspace, conversation: Conversation) -> None:
    async with Tab(alice) as tab:
        await in_database(services.rename)(conversation=conversation, title="Harbour times")
        assert (await tab.until("title"))["title"] == "Harbour times"
        await in_database(services.delete)(conversation=conversation)
        assert (await tab.until("removed"))["conversation"] == str(conversation.pk)


async def test_it_sends_what_happens_to_documents(alice: User, workspace: Workspace) -> None:
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        await tab.send(type="watch", workspace="harbour")  # twice is once
        await tab.send(type="dance")
        await tab.until("error")
        await in_database(live.publish)(f"workspace:{workspace.pk}", {"type": "document", "name": "timetable.pdf"})
        assert (await tab.until("document"))["name"] == "timetable.pdf"
        assert await tab.is_silent()


async def test_a_late_watcher_hears_of_files_that_came_before(alice: User, workspace: Workspace) -> None:
    def put() -> Document:
        return store_upload(workspace=workspace, added_by=alice, name="lease.txt", file=ContentFile(b"The lease."))

    document = await in_database(put)()
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        frame = await tab.until("document")
    assert (frame["document"], frame["status"]) == (str(document.pk), "queued")


async def test_it_says_when_nothing_can_be_followed(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise LiveUnavailable

    monkeypatch.setattr("apps.core.hub.Hub.join", refuse)
    async with Tab(alice) as tab:
        assert (await tab.until("error"))["code"] == "live_unavailable"
        assert await tab.closed() == 1013


def browser(user: User, origin: str) -> Tab:
    """A tab at the site's own door: with the cookie of a session, from a page of this origin."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)  # the door looks for it when it is loaded
    sockets = importlib.import_module("gemmaweb.asgi").sockets
    cookies = signed_in(user).cookies.output(header="", attrs=[], sep=";").strip()
    headers = ((b"host", b"localhost:8000"), (b"origin", origin.encode()), (b"cookie", cookies.encode()))
    return Tab(application=sockets, headers=headers)


@pytest.mark.parametrize("path", ["/", "/ws", "/ws/x", "/elsewhere/"])
async def test_there_is_one_address(path: str, alice: User) -> None:
    assert await Tab(alice, path=path).refused()


async def test_the_door_lets_a_session_in(alice: User, workspace: Workspace) -> None:
    async with await in_database(browser)(alice, "http://localhost:8000") as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text="When?", key="k1")
        assert (await tab.until("asked"))["key"] == "k1"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
async def test_the_door_refuses_other_pages(origin: str, alice: User) -> None:
    assert await (await in_database(browser)(alice, origin)).refused()
