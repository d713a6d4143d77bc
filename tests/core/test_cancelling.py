"""Tasks that are ended, and one that does not hear it at once."""

from __future__ import annotations

import asyncio

import pytest

from apps.core import cancelling
from apps.core.cancelling import cancelled


async def test_a_task_has_ended_afterwards() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    await cancelled(task)
    assert task.cancelled()


async def test_one_that_lost_the_first_cancellation_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "AGAIN_S", 0.01)
    lost = 0

    async def hard_of_hearing() -> None:
        nonlocal lost
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost += 1
        await asyncio.sleep(60)

    task = asyncio.create_task(hard_of_hearing())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await cancelled(task)
    assert (lost, task.cancelled()) == (1, True)


async def test_what_it_has_come_to_is_left_to_the_caller() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    task = asyncio.create_task(fail())
    await asyncio.wait({task})
    await cancelled(task)
    assert isinstance(task.exception(), ZeroDivisionError)
