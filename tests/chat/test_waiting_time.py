"""How long a question will wait is told where it was measured, as a range, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.chat import ending, waiting
from apps.chat.estimating import Pace, ranges, steps_around, waits
from apps.chat.models import Conversation, Generation
from apps.chat.snapshots import Written, snapshot_frame
from apps.inference.models import InstalledModel, Measurement
from tests.chat.conftest import Ask, Watcher

pytestmark = pytest.mark.django_db(transaction=True)
PACE = Pace(prompt=100, alone=10, busy=20, prompt_tokens=500, answer_tokens=200)
NOTHING = {"sha256": "0" * 64, "size_bytes": 1, "modified_ns": 1, "architecture": "gemma4", "quantisation": "F16"}
SECONDS = st.floats(0, 10_000)


@pytest.fixture
def measured(db: None) -> Measurement:
    """A model in use that reads 100 tokens a second, and writes 10 alone and 20 together."""
    model = InstalledModel.objects.create(name="tiny", path="/nowhere/tiny.gguf", context_length=8192, is_active=True, **NOTHING)
    found = {"prompt_tokens_per_s": 100.0, "tokens_per_s": 10.0, "busy_tokens_per_s": 20.0, "measured_at": timezone.now()}
    return Measurement.objects.create(model=model, **found)


@pytest.fixture
def one_slot(settings: Any) -> None:
    """One answer is written at a time."""
    settings.SLOTS = 1


def answered(ask: Ask) -> None:
    """An answer of 200 tokens to a prompt of 500."""
    ask("How deep is it?")
    run = waiting.claim_next()
    assert run is not None
    assert ending.finish(pk=run.pk, attempt=1, seq=1, status="done", written=Written("Deep.", tokens=200, prompt_tokens=500))


def test_four_at_once_share_what_was_measured() -> None:
    assert PACE.each(1) == 10
    assert PACE.each(4) == 5
    assert PACE.each(8) == 2.5


def test_the_next_waits_for_the_first_to_end() -> None:
    assert waits(PACE, [200, 100, 150, 50], slots=4, waiting=5) == [10, 20, 30, 40, 55]


def test_a_free_slot_is_no_wait() -> None:
    assert waits(PACE, [200], slots=2, waiting=2)[0] == 0


@given(st.lists(st.floats(0, 4000), min_size=1, max_size=8), st.integers(1, 30))
def test_who_stands_behind_never_waits_less(left: list[float], places: int) -> None:
    told = waits(PACE, left, slots=len(left), waiting=places)
    assert told == sorted(told)
    assert len(told) == places


@given(SECONDS)
def test_a_range_has_the_estimate_in_it_and_two_ends(seconds: float) -> None:
    low, high = steps_around(seconds)
    assert low <= seconds
    assert low < high
    assert high >= min(seconds, 3600)


def test_a_range_reads_well() -> None:
    assert steps_around(28) == (10, 60)
    assert steps_around(0) == (0, 5)


@pytest.mark.usefixtures("measured", "one_slot")
def test_those_who_wait_are_told(ask: Ask, conversation: Conversation, watch: Callable[[str], Watcher]) -> None:
    answered(ask)
    ask()
    waiting.claim_next()
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    assert watcher.until("queued")["wait_s"] == [10, 30]  # 200 tokens, 10 a second
    assert snapshot_frame(run)["wait_s"] == (10, 30)
    other = ask("Another?")
    assert snapshot_frame(other)["wait_s"] == (30, 90)  # and one answer more


@pytest.mark.usefixtures("measured", "one_slot")
def test_what_was_written_already_is_not_waited_for(ask: Ask) -> None:
    answered(ask)
    ask()
    running = waiting.claim_next()
    assert running
    Generation.objects.filter(pk=running.pk).update(text="x" * 600)
    assert ranges(1) == [(0, 10)]


@pytest.mark.usefixtures("measured")
def test_where_a_slot_is_free_nothing_is_told(ask: Ask, conversation: Conversation, watch: Callable[[str], Watcher]) -> None:
    answered(ask)
    watcher = watch(f"conversation:{conversation.pk}")
    ask(conversation=conversation)
    assert watcher.until("queued")["wait_s"] is None


@pytest.mark.usefixtures("one_slot")
def test_where_nothing_was_measured_nothing_is_told(ask: Ask, conversation: Conversation, watch: Callable[[str], Watcher]) -> None:
    answered(ask)
    ask()
    waiting.claim_next()
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    assert watcher.until("queued")["wait_s"] is None
    assert snapshot_frame(run)["wait_s"] is None


@pytest.mark.usefixtures("one_slot")
def test_a_measurement_that_failed_is_none(ask: Ask, measured: Measurement) -> None:
    answered(ask)
    ask()
    waiting.claim_next()
    Measurement.objects.filter(pk=measured.pk).update(measured_at=None, tokens_per_s=None)
    assert ranges(1) == [None]


@pytest.mark.usefixtures("measured", "one_slot")
def test_before_the_first_answer_nothing_is_known(ask: Ask) -> None:
    ask()
    waiting.claim_next()
    assert ranges(2) == [None, None]


@pytest.mark.usefixtures("measured", "one_slot")
def test_who_does_not_wait_any_more_is_told_nothing(ask: Ask) -> None:
    answered(ask)
    ask()
    run = waiting.claim_next()
    assert run
    assert snapshot_frame(run)["wait_s"] is None


def test_a_question_costs_no_query_more_where_a_slot_is_free(ask: Ask, django_assert_max_num_queries: Any) -> None:
    ask()
    with django_assert_max_num_queries(1):
        waiting._tell_places()
