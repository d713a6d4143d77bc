"""Pages that watch a workspace are told how far all its files are: at once, and then a few times a second while files move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from django.core.files.base import ContentFile
from django.db import OperationalError

from apps.accounts.models import User
from apps.core import live
from apps.core.database import in_database
from apps.core.hub import hub
from apps.documents import news
from apps.documents.frames import room
from apps.documents.line import LineFrame, line_frame
from apps.documents.news import LineNews, line_news
from apps.documents.services import store_upload
from apps.workspaces.models import Workspace
from tests.chat.socket import Tab
from tests.conftest import make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
Put = Callable[[str], object]


@pytest_asyncio.fixture(autouse=True)
async def _close_the_hub() -> AsyncIterator[None]:
    yield
    await hub().close()


@pytest.fixture
def put(workspace: Workspace, alice: User) -> Put:
    """Puts a file of this name on the team's shelf."""
    return lambda name: store_upload(workspace=workspace, added_by=alice, name=name, file=ContentFile(name.encode()))


async def counted(tab: Tab) -> tuple[int, int]:
    """The next `line` frame: how many documents, and how many of them wait."""
    frame = await tab.until("line")
    return frame["documents"], frame["queued"]


async def publish(workspace: Workspace, kind: str, times: int = 1) -> None:
    for _ in range(times):
        await in_database(live.publish)(room(workspace.pk), {"type": kind, "document": "x", "reason": ""})


async def test_who_watches_is_told_at_once(alice: User, workspace: Workspace, put: Put) -> None:
    await in_database(put)("a.txt")
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        frame = await tab.until("line")
        assert (frame["workspace"], frame["documents"], frame["queued"]) == ("harbour", 1, 1)


async def test_many_moves_are_one_frame(alice: User, bob: User, workspace: Workspace, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []

    def looked(workspace: Workspace) -> LineFrame:
        looks.append(workspace)
        return line_frame(workspace)

    monkeypatch.setattr(news, "line_frame", looked)
    async with Tab(alice) as first, Tab(bob) as second:
        for tab in (first, second):
            await tab.send(type="watch", workspace="harbour")
            assert await counted(tab) == (0, 0)
        for number in range(5):
            await in_database(put)(f"{number}.txt")
        while (told := await counted(first)) != (5, 5):
            assert told < (5, 5)
        while await counted(second) != (5, 5):
            pass
    assert 1 <= len(looks) <= 4


@pytest.mark.parametrize(("kind", "is_told"), [("document", True), ("shelf", True), ("line", False), ("title", False)])
async def test_it_counts_anew_when_files_move(alice: User, workspace: Workspace, kind: str, is_told: bool) -> None:
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        await counted(tab)
        await publish(workspace, kind)
        await tab.until(kind)
        if is_told:
            assert await counted(tab) == (0, 0)
        else:
            assert await tab.is_silent()


async def test_whoever_looks_at_another_workspace_hears_of_that_one(alice: User, workspace: Workspace, put: Put) -> None:
    other = await in_database(make_workspace)("second", owner=alice)
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        await counted(tab)
        await tab.send(type="watch", workspace="second")
        assert (await tab.until("line"))["workspace"] == "second"
        await in_database(put)("a.txt")
        assert await tab.is_silent()
        await publish(other, "shelf")
        assert (await tab.until("line"))["workspace"] == "second"


async def test_nobody_counts_for_nobody(alice: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        await counted(tab)
    assert line_news()._watched == {}
    assert not hub()._rooms


async def test_a_page_that_comes_back_after_lost_frames_is_told_again(alice: User, workspace: Workspace, put: Put) -> None:
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        await counted(tab)
        await hub()._disconnect()
        assert await tab.closed() == 4002
        async with Tab(alice) as again:
            await again.send(type="watch", workspace="harbour")
            await counted(again)
            await in_database(put)("a.txt")
            assert await counted(again) == (1, 1)


async def test_a_database_that_is_away_is_asked_again_later(alice: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Tab(alice) as tab:
        await tab.send(type="watch", workspace="harbour")
        await counted(tab)
        answers: list[Any] = [OperationalError("away")]

        def away_once(workspace: Workspace) -> Any:
            if answers:
                raise answers.pop()
            return line_frame(workspace)

        monkeypatch.setattr(news, "line_frame", away_once)
        await publish(workspace, "shelf")
        await tab.until("shelf")
        while answers:
            await tab.is_silent()
        await publish(workspace, "shelf")
        assert await counted(tab) == (0, 0)


async def test_leaving_what_was_never_followed_does_nothing(workspace: Workspace) -> None:
    await LineNews().leave(workspace.pk, None)  # type: ignore[arg-type]
