"""A fault of our own ends the whole run: no engine goes on writing what nobody will keep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from apps.chat import tasks
from apps.core.hub import Hub
from tests.chat.conftest import Ask
from tests.chat.scripted import DEADLINE_S, Gate, ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)


def test_its_engine_is_closed(ask: Ask, scripted: Callable[..., ScriptedEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    engine = scripted(gate, "never")
    ask()

    async def join(*_: object) -> None:
        while not gate.reached.is_set():  # noqa: ASYNC110  # as in Gate: it is the test's thread's too
            await asyncio.sleep(0.002)
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(Hub, "join", join)
    with pytest.raises(RuntimeError):
        tasks.wake()
    assert engine.closed.wait(DEADLINE_S)
