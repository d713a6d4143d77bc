"""Asking an engine and watching its host, for tests."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apps.inference.engines.base import ChatRequest, Piece, TextPiece, UsagePiece
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper


async def pieces_of(engine: LocalEngine, question: str = "What is this?", *, max_tokens: int = 16, **request: Any) -> list[Piece]:
    """All pieces of one answer."""
    return [piece async for piece in engine.stream(ChatRequest(question, max_tokens=max_tokens, **request))]


def text_of(pieces: list[Piece]) -> str:
    """The text of an answer."""
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def usage_of(pieces: list[Piece]) -> UsagePiece:
    """The figures at the end of an answer."""
    last = pieces[-1]
    assert isinstance(last, UsagePiece)
    return last


async def prompt_tokens(engine: LocalEngine, question: str, **request: Any) -> int:
    """How long the prompt was that the model read."""
    return usage_of(await pieces_of(engine, question, max_tokens=1, **request)).prompt_tokens


async def until(condition: Callable[[], bool], *, deadline_s: float = 20) -> None:
    """Wait for `condition`. Raises TimeoutError."""
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def kill(hosts: HostKeeper) -> None:
    """End the running host as the kernel would for want of memory."""
    pid = hosts.status().pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not is_alive(pid))


def is_alive(pid: int) -> bool:
    """Whether `pid` runs: a dead child that nobody has fetched yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def listening(sockets: Path) -> int:
    """How many hosts have a socket."""
    return len(list(sockets.iterdir()))
