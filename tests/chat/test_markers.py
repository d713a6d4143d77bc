"""What was not offered is never shown; what is code stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chat.markers import MarkerFilter

OFFERED = {1, 2, 12}


def through(*pieces: str) -> str:
    """What comes through in the end."""
    markers = MarkerFilter(set(OFFERED))
    return "".join([*map(markers.feed, pieces), markers.finish()])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("At six [1].", "At six [1]."),
        ("At six [9].", "At six."),
        ("At six[9] or seven [2].", "At six or seven [2]."),
        ("Both [1][2][3].", "Both [1][2]."),
        ("Both [1, 2, 3].", "Both [1][2]."),
        ("Both [ 1; 12 ].", "Both [1][12]."),
        ("None [3, 4].", "None."),
        ("Not a marker: [x], [1a], [], [1", "Not a marker: [x], [1a], [], [1"),
        ("A [link](http://a.b) stays", "A [link](http://a.b) stays"),
        ("`array[9]` stays", "`array[9]` stays"),
        ("``a ` [9]`` stays", "``a ` [9]`` stays"),
        ("an open ` and [9]\n\nthen [9] again", "an open ` and [9]\n\nthen again"),
        ("```\nx[9]\n```\nbut [9] not", "```\nx[9]\n```\nbut not"),
        ("~~~\nx[9]\n```\nx[9]\n~~~\n[9]", "~~~\nx[9]\n```\nx[9]\n~~~\n"),
        ("[[9]9]", "[ 9]"),
        ("[9[9]]", "[9 ]"),
        ("[1234] is a year in brackets", "[1234] is a year in brackets"),
        ("", ""),
    ],
)
def test_it_lets_through(text: str, shown: str) -> None:
    assert through(text) == shown


@given(st.text(alphabet="ab []1239,`~\n.", max_size=80), st.data())
def test_the_pieces_make_no_difference(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert through(*pieces) == through(text)


@given(st.text(alphabet="ab []129,;. ", max_size=80))
def test_outside_code_no_other_number_is_shown(text: str) -> None:
    shown = through(text)
    assert "[9]" not in shown


def test_it_holds_back_only_what_may_become_a_marker() -> None:
    markers = MarkerFilter({1})
    assert [markers.feed(piece) for piece in ("At six", " [", "1", "]", ".")] == ["At six", "", "", " [1]", "."]


def test_it_never_holds_back_much() -> None:
    markers = MarkerFilter({1})
    assert markers.feed("[" + "1" * 100).startswith("[1")


def test_it_tells_what_it_let_through() -> None:
    markers = MarkerFilter({1, 2})
    markers.feed("a [2], b [9], `[1]` c [1, 2].")
    assert markers.let_through == [2, 1, 2]


def test_it_goes_on_inside_code() -> None:
    markers = MarkerFilter({1})
    markers.skip("```\nx = 1\n")
    assert (markers.feed("y[9]\n```\n"), markers.let_through) == ("y[9]\n```\n", [])
    assert markers.feed("z[9].") == "z."


def test_an_offer_may_come_later() -> None:
    markers = MarkerFilter()
    markers.offered.add(7)
    assert markers.feed("so [7].") == "so [7]."
