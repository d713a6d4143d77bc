"""Those who wait are told their places, whenever one changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.chat import services, waiting
from apps.chat.models import Conversation
from apps.chat.snapshots import snapshot_frame
from tests.chat.conftest import Ask, Watcher

pytestmark = pytest.mark.django_db(transaction=True)
Watch = Callable[[str], Watcher]


@pytest.fixture
def watcher(conversation: Conversation, watch: Watch) -> Watcher:
    """Whoever watches Alice's conversation."""
    return watch(f"conversation:{conversation.pk}")


def test_a_question_is_told_its_place(ask: Ask, watcher: Watcher, conversation: Conversation) -> None:
    ask()
    run = ask(conversation=conversation)
    assert watcher.until("queued") == {"type": "queued", "run": str(run.pk), "place": 2, "wait_s": None}


def test_a_claim_moves_everybody_up(ask: Ask, watcher: Watcher, conversation: Conversation) -> None:
    ask()
    ask(conversation=conversation)
    watcher.until("queued", place=2)
    waiting.claim_next()
    watcher.until("queued", place=1)


def test_a_stop_moves_those_behind_up(ask: Ask, watcher: Watcher, conversation: Conversation) -> None:
    first = ask()
    ask(conversation=conversation)
    watcher.until("queued", place=2)
    services.stop(run=first)
    watcher.until("queued", place=1)


def test_a_newcomer_may_go_first(ask: Ask, watcher: Watcher, conversation: Conversation, bob: User) -> None:
    ask()
    ask(conversation=conversation)
    watcher.until("queued", place=2)
    ask(asked_by=bob)
    watcher.until("queued", place=3)


def test_a_snapshot_says_the_place(ask: Ask, conversation: Conversation) -> None:
    ask()
    run = ask(conversation=conversation)
    assert (snapshot_frame(run)["status"], snapshot_frame(run)["place"]) == ("queued", 2)
    waiting.claim_next()
    assert snapshot_frame(run)["place"] == 1


def test_nobody_is_told_of_others(ask: Ask, watcher: Watcher, conversation: Conversation, bob: User) -> None:
    ask(asked_by=bob)
    run = ask(conversation=conversation)
    watcher.until("queued")
    assert {frame["run"] for frame in watcher.frames} == {str(run.pk)}
