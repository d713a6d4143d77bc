"""The worker's one event loop: all its runs share it, and with it one connection to Redis and one pipeline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


@cache
def _start() -> asyncio.AbstractEventLoop:
    loop = uvloop.new_event_loop()
    threading.Thread(target=loop.run_forever, name="runs", daemon=True).start()
    return loop


_lock = threading.Lock()


def the_loop() -> asyncio.AbstractEventLoop:
    """The loop, started by whoever asks first."""
    with _lock:  # functools.cache alone would let two threads start one each
        return _start()


def run(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns or raises; the calling thread waits for it."""
    return asyncio.run_coroutine_threadsafe(work, the_loop()).result()


def call(function: Callable[..., object], *args: object) -> None:
    """Call `function` on the loop soon, and do not wait: safe in a signal handler."""
    the_loop().call_soon_threadsafe(function, *args)
