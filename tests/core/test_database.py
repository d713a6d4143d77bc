"""The crossing from the event loop to the database: side by side, bounded, and no connection kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.core.database import EXECUTOR, give_connection_back, in_database, only
from apps.core.errors import NotFound
from apps.workspaces.models import Workspace

R = TypeVar("R")
THREADS = 8
PATIENCE_S = 20


async def on_all_threads(call: Callable[[], R]) -> list[R]:
    """What `call` returns on each database thread: none goes on before all have come."""
    together = threading.Barrier(THREADS)

    def meet() -> R:
        together.wait(PATIENCE_S)
        return call()

    return await asyncio.gather(*(in_database(meet)() for _ in range(THREADS)))


async def test_eight_calls_run_side_by_side_off_the_loop() -> None:
    threads = await on_all_threads(threading.get_ident)
    assert len(set(threads)) == THREADS
    assert threading.get_ident() not in threads


async def test_the_ninth_waits_its_turn() -> None:
    threads = await asyncio.gather(*(in_database(threading.get_ident)() for _ in range(5 * THREADS)))
    assert len(set(threads)) <= THREADS


async def test_a_slow_call_holds_up_neither_the_loop_nor_the_next_call() -> None:
    gate = threading.Event()
    slow = asyncio.ensure_future(in_database(gate.wait)(PATIENCE_S))
    assert await in_database(lambda: "quick")() == "quick"
    assert not slow.done()
    gate.set()
    assert await slow


async def test_those_who_wait_on_threads_of_their_own_hold_nobody_up() -> None:
    own, gate = ThreadPoolExecutor(THREADS), threading.Event()
    waiting = [asyncio.ensure_future(in_database(gate.wait, own)(PATIENCE_S)) for _ in range(THREADS)]
    assert len(set(await on_all_threads(threading.get_ident))) == THREADS
    gate.set()
    assert all(await asyncio.gather(*waiting))
    own.shutdown()


async def test_what_goes_wrong_comes_back() -> None:
    def fail() -> None:
        raise NotFound

    with pytest.raises(NotFound):
        await in_database(fail)()


async def test_arguments_are_passed_on() -> None:
    assert await in_database(divmod)(7, 2) == (3, 1)


def connections_kept() -> int:
    """How many of the database threads hold a connection while they do nothing."""
    together = threading.Barrier(THREADS)

    def look() -> bool:
        together.wait(PATIENCE_S)
        return connection.connection is not None

    return sum(thread.result(PATIENCE_S) for thread in [EXECUTOR.submit(look) for _ in range(THREADS)])


@pytest.mark.django_db(transaction=True)
async def test_a_connection_is_given_back_after_each_call() -> None:
    assert await on_all_threads(User.objects.count) == [0] * THREADS
    assert connections_kept() == 0


@pytest.mark.django_db(transaction=True)
async def test_a_connection_is_given_back_after_a_call_that_went_wrong() -> None:
    with pytest.raises(User.DoesNotExist):
        await in_database(User.objects.get)(name="Nobody")
    assert connections_kept() == 0


@pytest.mark.django_db(transaction=True)
def test_a_connection_can_be_given_back_before_a_wait() -> None:
    with transaction.atomic():
        User.objects.count()
        give_connection_back()
        assert connection.connection is not None  # the transaction needs it
    give_connection_back()
    assert connection.connection is None
    assert User.objects.count() == 0


def test_missing_and_foreign_look_the_same(workspace: Workspace, alice: User, charlie: User) -> None:
    assert only(Workspace.objects.visible_to(alice).filter(pk=workspace.pk)) == workspace
    with pytest.raises(NotFound) as foreign:
        only(Workspace.objects.visible_to(charlie).filter(pk=workspace.pk))
    with pytest.raises(NotFound) as missing:
        only(Workspace.objects.visible_to(charlie).filter(slug="nowhere"))
    assert foreign.value.as_dict() == missing.value.as_dict()
