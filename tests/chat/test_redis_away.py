"""A tab that comes while Redis is away: it is told to come back, in a frame and by a code; what it asked before is in the rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from channels.layers import channel_layers
from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.core.database import in_database
from apps.core.hub import hub
from apps.core.layer import ChannelLayer
from apps.workspaces.models import Workspace
from gemmaweb import hosts
from tests.chat.socket import Tab
from tests.core.valkey import OwnValkey

pytestmark = pytest.mark.django_db(transaction=True)
TRY_LATER = 1013
MISSED_FRAMES = 4002


@pytest_asyncio.fixture
async def valkey(settings: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OwnValkey]:
    """A Valkey that the sockets of this test use."""
    made = OwnValkey()
    made.start()
    settings.REDIS_URL = made.url
    monkeypatch.setattr("apps.core.hub.QUIET_S", 0.5)
    before = channel_layers.set("default", ChannelLayer(hosts=[hosts.layer_host(made.url)], prefix="test"))
    yield made
    made.thaw()
    await hub().close()
    await channel_layers["default"].flush()
    channel_layers.set("default", before)
    made.remove()


async def is_turned_away(user: User) -> bool:
    """Whether the tab is let in, told why nothing can be followed, and told when to come back."""
    tab = Tab(user)
    assert not await tab.refused()
    error = await tab.until("error")
    assert (error["code"], await tab.closed()) == ("live_unavailable", TRY_LATER)
    return True


@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_the_first_tab_is_told_to_come_back(valkey: OwnValkey, alice: User, workspace: Workspace, how: str) -> None:
    getattr(valkey, how)()
    assert await is_turned_away(alice)


@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_so_is_one_that_comes_beside_others(valkey: OwnValkey, alice: User, bob: User, workspace: Workspace, how: str) -> None:
    tab = Tab(alice)
    assert not await tab.refused()
    getattr(valkey, how)()
    assert await tab.closed() == MISSED_FRAMES
    assert await is_turned_away(bob)


async def test_it_is_told_in_its_own_language(valkey: OwnValkey, alice: User, workspace: Workspace) -> None:
    valkey.kill()
    alice.language = "de"
    tab = Tab(alice)
    await tab.refused()
    assert (await tab.until("error"))["message"].startswith("Im Moment gibt es keine laufenden Meldungen.")


async def test_a_stranger_is_refused_all_the_same(valkey: OwnValkey) -> None:
    valkey.kill()
    assert await Tab(AnonymousUser()).refused()


async def test_a_disabled_person_is_refused_all_the_same(valkey: OwnValkey, bob: User) -> None:
    valkey.kill()
    await in_database(User.objects.filter(pk=bob.pk).update)(is_active=False)
    bob.is_active = False
    assert await Tab(bob).refused()


async def test_a_tab_that_leaves_meanwhile_leaves_quietly(valkey: OwnValkey, alice: User, workspace: Workspace) -> None:
    async with Tab(alice):
        valkey.kill()


async def test_a_tab_comes_back_to_the_next_redis(valkey: OwnValkey, alice: User, workspace: Workspace) -> None:
    valkey.kill()
    assert await is_turned_away(alice)
    valkey.start()
    async with Tab(alice) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text="When?", key="k1")
        assert (await tab.until("asked"))["key"] == "k1"
