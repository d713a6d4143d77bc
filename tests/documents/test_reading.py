"""The text view: the quoted words are found however they were broken on the page."""

from __future__ import annotations

import time

import pytest
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import NotFound
from apps.documents.reading import find_quote, read_page
from tests.documents.conftest import LEASE, Upload

PAGE = "First line.\nEither party may end the\nlease with six months' notice. The ﬁrm agrees."


@pytest.mark.parametrize(
    "quote",
    [
        "Either party may end the\nlease with six months' notice.",
        "Either party may end the lease with six months' notice.",
        "either PARTY may end the lease with six months’ notice",
    ],
)
def test_a_quote_is_found_whatever_its_line_breaks(quote: str) -> None:
    span = find_quote(PAGE, quote)
    assert span is not None
    assert PAGE[slice(*span)].startswith("Either party may end the\nlease with six months' notice")


def test_a_ligature_is_its_letters() -> None:
    span = find_quote(PAGE, "The firm agrees")
    assert span is not None
    assert PAGE[slice(*span)] == "The ﬁrm agrees"


def test_the_quotes_own_punctuation_is_marked_with_it() -> None:
    text = "Before. (2) Either party may end it. After."
    span = find_quote(text, "(2) Either party may end it.")
    assert span is not None
    assert text[slice(*span)] == "(2) Either party may end it."


@pytest.mark.parametrize(
    ("text", "quote", "marked"),
    [
        ("Before. \xa7 14 Term", "\xa714 Term", "\xa7 14 Term"),
        ("Before.\xa714 Term", "\xa7  14 Term", "\xa714 Term"),
        ("He said: \u201cGo.\u201d Then", " \u201cGo.\u201d ", "\u201cGo.\u201d"),
        ("It ends. So", "ends! ", "ends"),
        ("(Yes", "((Yes", "(Yes"),
    ],
)
def test_white_space_parts_no_sign_from_its_word(text: str, quote: str, marked: str) -> None:
    span = find_quote(text, quote)
    assert span is not None
    assert text[slice(*span)] == marked


def test_of_several_places_the_nearest_counts() -> None:
    text = "notice. " * 5
    assert find_quote(text, "notice", start=17) == (16, 22)


@pytest.mark.parametrize("quote", ["", " ", "...", "not in there"])
def test_what_is_not_there_is_not_marked(quote: str) -> None:
    assert find_quote(PAGE, quote) is None


@given(st.text(min_size=1), st.data())
def test_any_stretch_with_a_letter_is_found_in_its_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = find_quote(text, text[start:end], start)
    assert span is None or start <= span[0] < span[1] <= end or find_quote(text, text[slice(*span)]) is not None


@pytest.mark.parametrize(
    ("unit", "quote"), [("a", "a" * 4_000), ("ab", "ab" * 2_000), ("\ufdfa", "\ufdfa" * 4_000), ("a", "a" * 3_999 + "b")]
)
def test_a_page_without_end_holds_nobody_up(unit: str, quote: str) -> None:
    begun = time.process_time()
    find_quote(unit * (1_000_000 // len(unit)), quote)
    assert time.process_time() - begun < 10


def test_in_a_page_without_end_it_is_found_where_it_is_said_to_be() -> None:
    text = "word " * 200_000 + "six months" + " word" * 200_000
    at = text.index("six")
    assert find_quote(text, "six months", at) == (at, at + len("six months"))


def test_a_page_is_shown_with_the_quote_marked(upload: Upload) -> None:
    version = upload().current
    assert version is not None
    reading = read_page(version, 1, quote="six months' notice")
    assert [line for block in reading.blocks for line in block.lines] == [
        escape(LEASE).replace("six months&#x27; notice", "<mark>six months&#x27; notice</mark>")
    ]
    assert (reading.marked, reading.nth, reading.page_count, reading.is_pdf) == ("six months' notice", 0, 1, False)


def test_of_several_places_it_says_which_one_is_marked(upload: Upload) -> None:
    text = "Notice of the first kind. Notice of the second kind. Notice of the third kind."
    version = upload(text).current
    assert version is not None
    assert [read_page(version, 1, quote="notice", start=start).nth for start in (0, 30, 90)] == [0, 1, 2]


def test_a_quote_that_is_not_there_marks_nothing(upload: Upload) -> None:
    version = upload().current
    assert version is not None
    reading = read_page(version, 1, quote="a year's notice")
    assert (reading.marked, reading.nth) == ("", 0)
    assert "<mark" not in "".join(line for block in reading.blocks for line in block.lines)


@pytest.mark.parametrize("number", [0, 2, 10**6])
def test_a_page_that_is_not_there_is_not_found(upload: Upload, number: int) -> None:
    version = upload().current
    assert version is not None
    with pytest.raises(NotFound):
        read_page(version, number)
