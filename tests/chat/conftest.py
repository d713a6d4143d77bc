"""A question, the engine that answers it, a worker for it, and somebody who watches the frames."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from django.db import connection

from apps.accounts.models import User
from apps.chat import engines, services, tasks
from apps.chat.models import Conversation, Generation
from apps.chat.stream import flusher
from apps.core import live, loop
from apps.core.hub import hub
from apps.inference.engines.base import Engine
from apps.workspaces.models import Workspace
from tests.chat.scripted import DEADLINE_S, ScriptedEngine

hypothesis.settings.register_profile("busy", deadline=None)  # a machine that runs other things is not a slow function
hypothesis.settings.load_profile("busy")
Ask = Callable[..., Generation]


@pytest.fixture(scope="session", autouse=True)
def _close_the_worker() -> Iterator[None]:
    """The loop that all runs of the tests share lets go of Redis before Redis ends."""
    yield
    loop.run(_close())


async def _close() -> None:
    await flusher().close()
    await hub().close()


@pytest.fixture
def ask(workspace: Workspace, alice: User) -> Ask:
    """Ask as Alice in the team's workspace."""

    def ask_one(text: str = "When does the harbour open?", **changed: Any) -> Generation:
        asked = {"workspace": workspace, "conversation": None, "asked_by": alice, "text": text, "key": str(uuid4()), **changed}
        return services.ask(**asked)

    return ask_one


@pytest.fixture
def conversation(workspace: Workspace, alice: User) -> Conversation:
    """Alice's own, still empty."""
    return services.create_conversation(workspace=workspace, author=alice)


@pytest.fixture
def answers_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Engine], Engine]:
    """Let this engine answer, whatever the workspace has chosen."""

    def answer_with(engine: Engine) -> Engine:
        async def choose(*_: object) -> engines.Chosen:
            return engines.Chosen(engine)

        monkeypatch.setattr(engines, "choose_engine", choose)
        return engine

    return answer_with


@pytest.fixture
def scripted(answers_with: Callable[[Engine], Engine]) -> Callable[..., ScriptedEngine]:
    """Let a scripted engine answer."""

    def script(*steps: Any, **options: Any) -> ScriptedEngine:
        engine = ScriptedEngine(*steps, **options)
        answers_with(engine)
        return engine

    return script


class Worker:
    """A worker's threads, one for each wake-up."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def wake(self) -> None:
        """Take one permit, and do not wait for its end."""
        thread = threading.Thread(target=self._work)
        thread.start()
        self._threads.append(thread)

    def wait(self) -> None:
        """Return when every run that was taken has ended."""
        for thread in self._threads:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()

    @staticmethod
    def _work() -> None:
        try:
            tasks.wake()
        finally:
            connection.close()


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker that is waited for at the end."""
    made = Worker()
    yield made
    made.wait()


class Watcher:
    """All frames of a room, in their order."""

    def __init__(self, room: str) -> None:
        self._pubsub: Any = live.client().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._pubsub.subscribe(live.channel(room))
        self._pubsub.get_message(timeout=DEADLINE_S)  # the confirmation
        self.frames: list[dict[str, Any]] = []

    def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next frame of this type with these fields; all up to it are kept in `frames`."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            message = self._pubsub.get_message(timeout=0.05)
            if message is None:
                continue
            frame: dict[str, Any] = json.loads(message["data"])
            self.frames.append(frame)
            if frame["type"] == kind and wanted.items() <= frame.items():
                return frame
        raise AssertionError(f"no {kind} frame came, but {[frame['type'] for frame in self.frames]}")

    def text(self) -> str:
        """What the deltas have shown so far."""
        return "".join(frame.get("text", "") for frame in self.frames if frame["type"] == "delta")

    def close(self) -> None:
        """Watch no more."""
        self._pubsub.close()


@pytest.fixture
def watch() -> Iterator[Callable[[str], Watcher]]:
    """Watch a room from now on."""
    watchers: list[Watcher] = []

    def watch_room(room: str) -> Watcher:
        watchers.append(Watcher(room))
        return watchers[-1]

    yield watch_room
    for watcher in watchers:
        watcher.close()


def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)
