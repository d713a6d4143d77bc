"""The end of a task that must have ended."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_S = 0.5


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Return when `task` has ended, whatever it has come to. Its clean-up must be short: it is cancelled again and again.

    asyncio.wait_for, by which redis sends its commands, loses a cancellation on Python 3.11 that comes together with the result
    (mended in 3.12).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
