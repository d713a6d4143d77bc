"""What the child may tell, and when it has to stop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.documents.parsing import places
from apps.documents.parsing.errors import NoText, TooLargeInside
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.notices import numbered
from apps.documents.parsing.places import LINE_MAX_CHARS, MAX_NOTICES, Message, Reading, sensible_title, short, storable

SMALL = Limits(max_characters=10, max_places=3)


@pytest.fixture
def told() -> list[Message]:
    return []


@pytest.fixture
def reading(told: list[Message]) -> Reading:
    """A reading that may take three places and ten characters."""
    return Reading(SMALL, told.append)


@given(st.text())
def test_what_is_short_fits_one_line(text: str) -> None:
    line = short(text)
    assert len(line) <= LINE_MAX_CHARS <= 300  # the width of the narrowest column that takes it
    assert "\n" not in line
    assert short(line) == line.strip()


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_what_is_storable_stays_so(text: str) -> None:
    stored = storable(text)
    assert storable(stored) == stored
    stored.encode()
    assert not set(stored) & set("\0\r\v\f\x85\u2028\u2029")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Harbour  rules\n2026", "Harbour rules 2026"), ("Untitled", ""), ("Document1", ""), ("Microsoft Word - lease.doc", ""),
        ("PowerPoint Presentation", ""), ("Presentation 3", ""), ("Unknown Title", ""), ("Book1", ""), ("Book of berths", "Book of berths"),
        ("lease final.PDF", ""), ("about:blank", ""), ("https://example.org/", ""), ("x", ""), ("", ""), ("AB", "AB"),
        ("About the harbour", "About the harbour"), ("Documents of the port", "Documents of the port"), ("The .pdf way", "The .pdf way"),
    ],
)  # fmt: skip
def test_a_programs_filler_is_no_title(text: str, title: str) -> None:
    assert sensible_title(text) == title


def test_the_first_sensible_title_stays(reading: Reading, told: list[Message]) -> None:
    for text in ("Untitled", "Harbour rules", "Another"):
        reading.suggest_title(text)
    assert told == [["title", "Harbour rules"]]


def test_as_much_as_the_limit_is_taken(reading: Reading, told: list[Message]) -> None:
    for text in ("12345", "123", "12"):
        reading.add("page", text)
    reading.finish()
    assert told[-1] == ["done"]
    assert len(told) == 4


def test_one_character_more_is_too_much(reading: Reading, told: list[Message]) -> None:
    reading.add("page", "1234567890")
    with pytest.raises(TooLargeInside):
        reading.add("page", "1")
    assert len(told) == 1


def test_one_place_more_is_too_much_even_without_text(reading: Reading) -> None:
    for _ in range(3):
        reading.add("page", "")
    with pytest.raises(TooLargeInside):
        reading.add("page", "")


def test_what_cannot_be_stored_does_not_count(reading: Reading) -> None:
    reading.add("page", "\0" * 100 + "word")
    reading.finish()


@pytest.mark.parametrize("pages", [[], [""], [" \n", "\t"], ["\0"]])
def test_without_text_there_is_no_last_word(reading: Reading, told: list[Message], pages: list[str]) -> None:
    for page in pages:
        reading.add("page", page)
    with pytest.raises(NoText):
        reading.finish()
    assert ["done"] not in told


def test_one_page_of_text_is_enough(reading: Reading, told: list[Message]) -> None:
    for page in ("word", "", " "):
        reading.add("page", page, label=f"p.\n{len(told) + 1}")
    reading.finish()
    assert [message[1] for message in told[:3]] == ["p. 1", "p. 2", "p. 3"]


def test_notices_end_and_the_rest_is_counted(reading: Reading, told: list[Message]) -> None:
    for number in range(MAX_NOTICES + 5):
        reading.note(numbered("without_text", [number]))
    assert told[-1] == ["notice", "page_without_text", {"pages": [MAX_NOTICES - 1], "more": 0}, ""]
    assert len(told) == MAX_NOTICES
    reading.add("page", "word")
    reading.finish()
    assert told[-2:] == [["notice", "more_notices", {"count": 5}, ""], ["done"]]


def test_progress_is_told_a_few_times_and_at_the_end(reading: Reading, told: list[Message], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0, 100.1, 100.15, 100.3, 100.3, 100.31])
    monkeypatch.setattr(places, "monotonic", lambda: next(clock))
    for done in (1, 2, 3, 4, 5):
        reading.progress(done, 5)
    assert told == [["progress", 1, 5], ["progress", 4, 5], ["progress", 5, 5]]
