"""One event loop for all the threads of a worker."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.core import loop


async def where() -> asyncio.AbstractEventLoop:
    """The loop that runs this."""
    return asyncio.get_running_loop()


def test_all_threads_share_it() -> None:
    with ThreadPoolExecutor(8) as threads:
        loops = set(threads.map(lambda _: loop.run(where()), range(32)))
    assert len(loops) == 1


def test_what_goes_wrong_comes_back() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loop.run(fail())


def test_a_call_is_not_waited_for() -> None:
    called = threading.Event()
    loop.call(called.set)
    assert called.wait(10)
