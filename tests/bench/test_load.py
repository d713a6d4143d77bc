"""Percentiles of what happened while a model was loaded."""

from __future__ import annotations

import pytest

from bench.load import Event, Figures, gaps, p95


def test_gaps_are_between_frames() -> None:
    assert gaps([1.0, 1.5, 3.5]) == [Event(1.5, 0.5), Event(3.5, 2.0)]
    assert gaps([1.0]) == []


def test_the_percentile_is_of_what_was_over_in_time() -> None:
    events = [Event(at, took_s=at) for at in range(1, 101)]
    assert p95(events, 0, 200) == 95
    assert p95(events, 1, 20) == 19
    assert p95(events, 100, 100) == 100


def test_where_nothing_happened_nothing_is_claimed() -> None:
    with pytest.raises(SystemExit):
        p95([Event(5, 1)], 6, 7)


def test_the_figures_are_ratios() -> None:
    said = str(Figures(page_before_s=0.1, page_s=0.2, gap_before_s=0.05, gap_s=0.06, loading_s=3.14, lost=0))
    assert said == "page p95 200 ms, 2.00 of before; gap p95 60 ms, 1.20 of before; loading took 3.1 s; answers lost: 0 of 4"
