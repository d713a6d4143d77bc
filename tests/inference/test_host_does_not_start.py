"""A host that cannot come up is told to whoever waits for it, and tried again."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any

import pytest

from apps.inference.engines.base import ChatRequest, EngineUnavailable
from apps.inference.host_client import LocalEngine
from apps.inference.host_process import HostProcess

WITHIN_S = 20
LONG_WORDS = "import sys; sys.stderr.write('x' * 200_000 + '\\nerror loading model: it is torn\\n'); sys.exit(1)"


async def refusal(engine: LocalEngine) -> str:
    """The sentence that a question gets in place of an answer."""
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(EngineUnavailable) as refused:
            await anext(engine.stream(ChatRequest("When?")))
    return str(refused.value)


async def test_a_machine_without_room_for_a_process(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> Process:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as full:
        full.setattr(asyncio, "create_subprocess_exec", refuse)
        assert await refusal(engine) == "The model's process cannot be started: Resource temporarily unavailable."
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                await anext(engine.stream(ChatRequest("When?", max_tokens=2)))
            except EngineUnavailable:
                await asyncio.sleep(0.05)  # until the next try
            else:
                return


async def test_a_line_without_end_hides_no_reason(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(self: HostProcess) -> Process:
        return await asyncio.create_subprocess_exec(sys.executable, "-c", LONG_WORDS, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)

    monkeypatch.setattr(HostProcess, "_start", start)
    assert "it is torn" in await refusal(engine)
