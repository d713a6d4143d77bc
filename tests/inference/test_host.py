"""The host as one sees it through its socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from apps.inference import wire
from apps.inference.engines.base import ChatRequest
from apps.inference.host_client import LocalEngine

Message = dict[str, Any]


class Caller:
    """Speaks to the host without the client's manners."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def say(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection over which `data` was sent, its greeting read."""
        reader, writer = await asyncio.open_unix_connection(self._path)
        assert await reader.readline() == wire.GREETING
        writer.write(data)
        return reader, writer

    async def ask(self, data: bytes) -> list[Message]:
        """All that the host answers."""
        reader, writer = await self.say(data)
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        return [json.loads(line) for line in answer.splitlines()]


def only_socket(sockets: Path) -> Path:
    """Where the running host listens."""
    (socket,) = sockets.iterdir()
    return socket


@pytest_asyncio.fixture
async def caller(engine: LocalEngine, sockets: Path) -> AsyncIterator[Caller]:
    """Knows the socket of the running host."""
    await engine.count_tokens("a")
    yield Caller(only_socket(sockets))


def chat(max_tokens: int, question: str = "Why?") -> bytes:
    """A chat request as the worker sends it."""
    return wire.line(wire.chat_message(ChatRequest(question, max_tokens=max_tokens)))


async def test_an_answer_ends_with_done(caller: Caller) -> None:
    *pieces, last = await caller.ask(chat(50))
    assert last == {"done": True}
    assert {key for piece in pieces for key in piece} == {"text", "usage"}


async def test_pieces_that_come_together_are_merged(caller: Caller) -> None:
    pieces = [message for message in await caller.ask(chat(1000)) if "text" in message]
    assert 2 <= len(pieces) < 500


async def test_figures_come_last(caller: Caller) -> None:
    *_, usage, done = await caller.ask(chat(20))
    assert usage["usage"]["answer_tokens"] == 20
    assert done == {"done": True}


async def test_tokens_are_counted(caller: Caller) -> None:
    (answer,) = await caller.ask(b'{"do":"count","text":"the and"}\n')
    assert answer["tokens"] > 1


async def test_vectors_are_refused(caller: Caller) -> None:
    (answer,) = await caller.ask(b'{"do":"embed","texts":["a"]}\n')
    assert answer["error"]["code"] == "engine_unavailable"


async def test_a_prompt_that_is_too_long_has_a_code(caller: Caller) -> None:
    (answer,) = await caller.ask(chat(5, "the " * 9000))
    assert answer["error"]["code"] == "prompt_too_long"


async def test_nonsense_hurts_nobody(caller: Caller) -> None:
    for nonsense in (b"", b"\n", b"{}\n", b"[]\n", b"nonsense\n", b"\xff\xfe\n", b'{"do":"chat"}\n', b'{"do":"chat","request":{"x":1}}\n'):
        reader, writer = await caller.say(nonsense)
        writer.write_eof()
        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()
    assert (await caller.ask(chat(3)))[-1] == {"done": True}


async def test_a_caller_that_hangs_up_stops_its_answer(caller: Caller) -> None:
    calls = [await caller.say(chat(1900)) for _ in range(8)]
    for reader, _ in calls[:2]:
        await reader.readline()
    for _, writer in calls:
        writer.close()
    assert (await caller.ask(chat(3)))[-1] == {"done": True}


async def test_many_callers_get_their_own_answers(caller: Caller) -> None:
    sizes = range(5, 45, 4)
    answers = await asyncio.gather(*(caller.ask(chat(size, f"Question {size}")) for size in sizes))
    assert [answer[-2]["usage"]["answer_tokens"] for answer in answers] == list(sizes)


async def test_a_slow_reader_holds_up_nobody(caller: Caller) -> None:
    _, slow = await caller.say(chat(1500))
    assert (await caller.ask(chat(3)))[-1] == {"done": True}
    slow.close()
