"""Pieces are exact spans of their place, of a size that search likes, and lose nothing."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.documents.chunking import Piece, split
from apps.documents.parsing.places import Place

SENTENCE = "Every sentence here has exactly nine words in it. "  # nine words, 50 characters


def place(text: str, number: int = 1) -> Place:
    return Place(number=number, label="", kind="text", text=text)


def pieces(text: str) -> list[Piece]:
    return list(split([place(text)]))


def words(piece: Piece) -> int:
    return len(piece.text.split())


@given(st.lists(st.text(alphabet=st.sampled_from("ab. \n!?日本。ไทย-'\"0\u0301"), max_size=900), max_size=4))
def test_every_piece_is_its_span(texts: list[str]) -> None:
    places = [place(text, number) for number, text in enumerate(texts, start=1)]
    for piece in split(places):
        assert piece.text == texts[piece.place_number - 1][piece.start : piece.end]
        assert piece.text == piece.text.strip() != ""


@given(st.text(alphabet=st.sampled_from("ab. \n日。ท"), max_size=6000))
def test_nothing_is_lost(text: str) -> None:
    covered = bytearray(len(text))
    for piece in pieces(text):
        covered[piece.start : piece.end] = b"x" * (piece.end - piece.start)
    assert all(covered[at] or text[at].isspace() for at in range(len(text)))


@given(st.lists(st.integers(min_value=1, max_value=400), max_size=30))
def test_each_piece_says_something_new(lengths: list[int]) -> None:
    text = " ".join("w " * (length - 1) + "End." for length in lengths)
    ends = [piece.end for piece in pieces(text)]
    assert ends == sorted(set(ends))


def test_a_short_place_is_one_piece() -> None:
    assert [(piece.place_number, piece.start, piece.end) for piece in split([place("  One. Two.\n", 7)])] == [(7, 2, 11)]


def test_a_place_without_text_has_none() -> None:
    assert list(split([place(""), place(" \n\n ", 2)])) == []


def test_no_piece_crosses_from_place_to_place() -> None:
    assert [piece.text for piece in split([place("One.", 1), place("Two.", 2)])] == ["One.", "Two."]


def test_pieces_are_full_and_whole_sentences() -> None:
    found = pieces(SENTENCE * 100)
    assert all(words(piece) == 180 for piece in found[:-1])
    assert all(piece.text.startswith("Every") and piece.text.endswith("it.") for piece in found)


def test_pieces_overlap_by_some_sentences() -> None:
    first, second, *_ = pieces(SENTENCE * 100)
    assert len(first.text[second.start - first.start :].split()) == 27


def test_a_crumb_at_the_end_joins_the_piece_before() -> None:
    (only,) = pieces(SENTENCE * 23)  # 180 words and 27
    assert words(only) == 207
    assert len(pieces(SENTENCE * 24)) == 2


def test_a_long_sentence_after_an_overlap_is_not_said_twice() -> None:
    long = "Word " + "word " * 173 + "end. "
    found = pieces(SENTENCE * 20 + long + SENTENCE * 20)
    assert [words(piece) for piece in found] == [180, 175, 180]


@pytest.mark.parametrize(
    ("text", "longest"),
    [("word " * 5000, 900), ("日本語" * 2000, 258), ("ภาษาไทย" * 2000, 819), ("x" * 20_000, 3600)],
)
def test_what_has_no_sentences_is_cut_where_it_is_full(text: str, longest: int) -> None:
    found = pieces(text)
    assert max(len(piece.text) for piece in found[:-1]) <= longest
    assert len(found) > 4


def test_a_long_table_is_cut_between_lines() -> None:
    text = "\n".join(f"{number} | some name | another cell" for number in range(200))
    assert all(piece.text.split(" | ")[0].isdigit() and piece.text.endswith("another cell") for piece in pieces(text))


def test_rows_are_not_torn() -> None:
    rows = "\n\n".join(f"name: Person {number}\nrate: {number} %" for number in range(100))
    assert all(piece.text.startswith("name:") and piece.text.endswith("%") for piece in pieces(rows))


def test_line_breaks_inside_a_paragraph_end_nothing() -> None:
    assert len(pieces("This sentence goes\non over three\nlines of a page.")) == 1


@pytest.mark.parametrize("text", ["x" * 1_000_000, "a b. C " * 100_000, "\n" * 1_000_000, "." * 1_000_000, "日" * 300_000])
def test_it_is_quick_whatever_comes(text: str) -> None:
    started = perf_counter()
    pieces(text)
    assert perf_counter() - started < 5
