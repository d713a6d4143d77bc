"""A real generation worker, whose engine counts slowly and always the same way: `python -m tests.chat.worker_process`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import django

django.setup()

from apps.chat import engines  # noqa: E402  # models need the set-up first
from apps.inference.engines.base import ChatRequest, Piece, TextPiece  # noqa: E402
from apps.workspaces.models import Workspace  # noqa: E402
from gemmaweb import celery_app  # noqa: E402
from tests.chat.scripted import ScriptedEngine  # noqa: E402

COUNT = " ".join(map(str, range(1, 201)))


class CountingEngine(ScriptedEngine):
    """Counts to 200 in some four seconds."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """The numbers that are not written yet, in small pieces."""
        for start in range(len(request.written), len(COUNT), 5):
            await asyncio.sleep(0.03)
            yield TextPiece(COUNT[start : start + 5])


async def choose(workspace: Workspace, chosen: UUID | None = None) -> engines.Chosen:
    """Always the counting one."""
    return engines.Chosen(CountingEngine())


if __name__ == "__main__":
    engines.choose_engine = choose
    options = ["--pool=threads", "--concurrency=2", "--queues=generation", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    celery_app.worker_main(["worker", "--loglevel=WARNING", *options])
