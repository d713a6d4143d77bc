"""Many people at once: each gets their own answer, and nobody another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from django.db import connection

from apps.accounts.models import User
from apps.chat import tasks
from apps.chat.models import Generation
from apps.core.database import in_database
from apps.core.hub import hub
from apps.inference.engines.base import ChatRequest, TextPiece
from apps.workspaces.models import Membership, Workspace
from tests.chat.scripted import ScriptedEngine
from tests.chat.socket import Tab
from tests.conftest import make_person

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 12


@pytest_asyncio.fixture(autouse=True)
async def _close_the_hub() -> AsyncIterator[None]:
    yield
    await hub().close()


class EchoEngine(ScriptedEngine):
    """Says the question again, word for word, and gives way after each."""

    async def stream(self, request: ChatRequest) -> Any:
        """The words of the question."""
        for word in request.question.split():
            await asyncio.sleep(0)
            yield TextPiece(word + " ")


def wake() -> None:
    """Take one permit."""
    tasks.wake()
    connection.close()


async def talk(user: User) -> list[str]:
    """What this person's tab was told in the course of an answer."""
    async with Tab(user) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text=f"canary of {user.name} " * 20, key="k")
        await tab.until("ended")
        return [str(frame) for frame in tab.frames]


async def test_nobody_hears_another(workspace: Workspace, answers_with: Any) -> None:
    answers_with(EchoEngine())
    people = [await in_database(make_person)(f"Person{number:02}") for number in range(PEOPLE)]
    for person in people:
        await in_database(Membership.objects.create)(workspace=workspace, user=person, role="member")
    talks = [asyncio.create_task(talk(person)) for person in people]
    while await in_database(Generation.objects.count)() < PEOPLE:  # noqa: ASYNC110  # rows tell nobody
        await asyncio.sleep(0.01)
    await asyncio.gather(*(asyncio.to_thread(wake) for _ in people))
    heard = await asyncio.gather(*talks)
    for person, told in zip(people, heard, strict=True):
        others = [other.name for other in people if other != person]
        assert not [frame for frame in told for name in others if name in frame]
        assert f"canary of {person.name}" in told[-1]


async def test_doubled_permits_answer_once(workspace: Workspace, alice: User, answers_with: Any) -> None:
    engine = answers_with(EchoEngine())
    requests = []
    stream = engine.stream

    async def count(request: ChatRequest) -> Any:
        requests.append(request)
        async for piece in stream(request):
            yield piece

    engine.stream = count
    async with Tab(alice) as tab:
        await tab.send(type="ask", workspace="harbour", conversation=None, text="Once only, please?", key="k")
        await tab.until("asked")
        await asyncio.gather(*(asyncio.to_thread(wake) for _ in range(6)))
        assert (await tab.until("ended"))["text"].strip() == "Once only, please?"
    assert len(requests) == 1
