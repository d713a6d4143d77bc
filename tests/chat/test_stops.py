"""Texts that end an answer, wherever the pieces of it are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.chat.stops import StopFilter

LETTERS = st.text("ab", max_size=12)


def shown(pieces: list[str], *stops: str) -> str:
    """What comes through."""
    filtered = StopFilter(stops)
    return "".join([*(filtered.feed(piece) for piece in pieces), filtered.finish()])


def test_without_a_stop_nothing_is_held_back() -> None:
    filtered = StopFilter()
    assert (filtered.feed("abc"), filtered.finish(), filtered.has_stopped) == ("abc", "", False)


def test_what_may_become_a_stop_is_held_back() -> None:
    filtered = StopFilter(["END"])
    assert [filtered.feed(piece) for piece in ("The E", "N", "d EN")] == ["The ", "", "ENd "]
    assert (filtered.finish(), filtered.has_stopped) == ("EN", False)


def test_nothing_comes_behind_a_stop() -> None:
    filtered = StopFilter(["END"])
    assert [filtered.feed(piece) for piece in ("The EN", "D is", " near")] == ["The ", "", ""]
    assert (filtered.finish(), filtered.has_stopped) == ("", True)


def test_the_first_of_many_counts() -> None:
    assert shown(["one two three"], "three", "two") == "one "


def test_an_empty_stop_is_none() -> None:
    assert shown(["one"], "") == "one"


@given(st.lists(LETTERS, max_size=8), LETTERS.filter(bool))
def test_pieces_make_no_difference(pieces: list[str], stop: str) -> None:
    assert shown(pieces, stop) == "".join(pieces).split(stop)[0]
