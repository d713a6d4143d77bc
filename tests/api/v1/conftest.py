"""The official client of the OpenAI API in front of our application, with a scripted engine or the documents' own words behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient
from openai import AsyncOpenAI

from apps.accounts.models import User
from apps.chat.models import Generation
from apps.core.database import in_database
from apps.core.hub import hub
from apps.core.late import patient_application
from apps.inference.models import InstalledModel
from apps.workspaces.keys import create_key
from apps.workspaces.models import Workspace
from tests.chat.conftest import Worker, _close_the_worker, answers_with, scripted, worker
from tests.chat.scripted import DEADLINE_S, ScriptedEngine
from tests.documents.conftest import upload

__all__ = ["_close_the_worker", "answers_with", "scripted", "upload", "worker"]

T = TypeVar("T")
Says = Callable[..., ScriptedEngine]
MODEL = "scripted"
HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]


class Client:
    """Alice's program, and a worker that answers it."""

    def __init__(self, openai: AsyncOpenAI, worker: Worker) -> None:
        self.openai, self._worker = openai, worker

    async def answered(self, request: Coroutine[Any, Any, T]) -> T:
        """What comes of `request` once a worker has taken its run."""
        task = asyncio.create_task(request)
        await self.queued(task)
        if not task.done():
            self._worker.wake()
        async with asyncio.timeout(DEADLINE_S):
            return await task

    async def queued(self, task: asyncio.Task[Any]) -> None:
        """Return when the run of the request waits, or the request was refused."""
        waiting = Generation.objects.filter(status=Generation.Status.QUEUED)
        async with asyncio.timeout(DEADLINE_S):
            while not task.done() and not await in_database(waiting.exists)():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def chat(self, model: str = MODEL, **asked: Any) -> Any:
        """A completion."""
        return await self.answered(self.openai.chat.completions.create(**{"model": model, "messages": HELLO, **asked}))

    async def chunks(self, model: str = MODEL, **asked: Any) -> list[Any]:
        """A streamed completion."""
        return await self.answered(self._chunks({"model": model, "messages": HELLO, "stream": True, **asked}))

    async def _chunks(self, asked: dict[str, Any]) -> list[Any]:
        stream: Any = await self.openai.chat.completions.create(**asked)
        return [chunk async for chunk in stream]


def install_model(name: str = MODEL) -> InstalledModel:
    """A model in use by this name; what answers is the test's affair."""
    nothing = {"path": "/nowhere", "sha256": "0" * 64, "size_bytes": 1, "modified_ns": 1, "architecture": "gemma4", "quantisation": "F16"}
    return InstalledModel.objects.create(name=name, context_length=8192, is_active=True, **nothing)


def key_of(user: User, workspace: Workspace) -> str:
    """A new key of theirs."""
    return create_key(user=user, workspace=workspace, name="robot")[1]


@pytest.fixture
def key(alice: User, workspace: Workspace) -> str:
    """Alice's key to the team's workspace."""
    return key_of(alice, workspace)


@pytest_asyncio.fixture
async def client(key: str, worker: Worker) -> AsyncIterator[Client]:
    """The official client, which does not try again."""
    application: Any = patient_application()  # the stubs have narrower types than the standard
    async with AsyncClient(transport=ASGITransport(application)) as http:
        yield Client(AsyncOpenAI(api_key=key, base_url="http://localhost/v1/", http_client=http, max_retries=0), worker)
    await hub().close()


@pytest.fixture
def says(scripted: Callable[..., ScriptedEngine], installation: object) -> Says:
    """Let the installed model say this."""
    install_model()
    return partial(scripted, name=MODEL)
