"""Text, Markdown and tables: what was written, in whatever encoding, in places that a person can page through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.documents.parsing import errors
from apps.documents.parsing.decode import decode
from apps.documents.parsing.places import Parsed, storable
from apps.documents.parsing.sections import PLACE_MAX_CHARS, split_long
from tests.documents.files import read

FILLER = "Many words stand here. " * 40
JAPANESE = "これは日本語の文章です。文字コードの判定を確かめます。\n" * 8
GERMAN = "Über die Prüfung der Größe: Äpfel für 5 Euro, schön süß.\n"


def text_of(data: bytes, name: str = "a.txt") -> str:
    return "\n".join(place.text for place in read(data, name).places)


def test_a_short_text_is_one_place() -> None:
    parsed = read(b"First line.\r\n\r\nSecond one.\r\n", "a.txt")
    assert [(place.number, place.label, place.kind, place.text) for place in parsed.places] == [
        (1, "", "text", "First line.\n\nSecond one."),
    ]


def test_a_long_text_breaks_between_paragraphs() -> None:
    paragraphs = [f"Paragraph {number}. {FILLER}".strip() for number in range(30)]
    places = read("\n\n".join(paragraphs).encode(), "a.txt").places
    assert "\n\n".join(place.text for place in places) == "\n\n".join(paragraphs)
    assert all(place.text.startswith("Paragraph") and len(place.text) <= PLACE_MAX_CHARS for place in places)


@given(st.text(alphabet="ab. \n", max_size=400), st.integers(min_value=1, max_value=50))
def test_parts_of_a_long_text_lose_nothing(text: str, max_chars: int) -> None:
    parts = list(split_long(text, max_chars))
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(part) <= max_chars for part in parts)


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\0\0\0", "\ufeff".encode()])
def test_no_text_is_a_reason_and_never_a_success(data: bytes) -> None:
    with pytest.raises((errors.EmptyFile, errors.NoText, errors.UnsupportedKind)):
        read(data, "a.txt")


def test_what_a_database_cannot_store_is_left_out() -> None:
    assert text_of(b"A\0B " + FILLER.encode() + b"\x07\x1b[0mC\x0bD") == f"AB {FILLER}[0mC\nD"


@given(st.text(alphabet=st.characters(codec=None)))
def test_every_text_is_storable(text: str) -> None:
    assert "\0" not in storable(text)
    assert storable(text).encode("utf-8") is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings_are_told_apart(encoding: str) -> None:
    text = GERMAN * 3
    assert text_of(text.encode(encoding)) == text.strip()


def test_shift_jis_is_told_apart() -> None:
    assert text_of(JAPANESE.encode("shift_jis")) == JAPANESE.strip()


def test_a_broken_byte_in_utf8_costs_one_character() -> None:
    data = (GERMAN * 5).encode().replace(b"5 Euro", b"5 \xff Euro", 1)
    assert text_of(data) == (GERMAN * 5).replace("5 Euro", "5 \ufffd Euro", 1).strip()


def test_utf8_cut_inside_a_character_is_still_utf8() -> None:
    assert decode("Größe".encode()[:5]) == "Gr\u00f6\ufffd"


def test_a_declared_encoding_decides_what_utf8_does_not() -> None:
    assert decode("Łódź".encode("iso8859-2"), "ISO-8859-2") == "Łódź"


@given(st.binary(max_size=300))
def test_any_bytes_become_some_text(data: bytes) -> None:
    assert isinstance(decode(data), str)


def markdown(text: str) -> Parsed:
    return read(text.encode(), "a.md")


def test_markdown_headings_begin_places() -> None:
    parsed = markdown(f"# Handbook\n\n## Holidays ##\n\n{FILLER}\n\nSick leave\n----------\n\nCall us.")
    assert (parsed.kind, parsed.title) == ("markdown", "Handbook")
    assert [place.label for place in parsed.places] == ["Holidays", "Sick leave"]
    assert parsed.places[1].text == "Sick leave\n----------\n\nCall us."


def test_markdown_is_kept_as_written() -> None:
    text = "Intro with *stars*.\n\n```sh\n# no heading\n\n\nmake run\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert [place.text for place in markdown(text).places] == [text]


def test_a_sign_in_code_is_no_heading() -> None:
    assert [place.label for place in markdown(f"# Real\n\n{FILLER}\n\n~~~\n# not\n```\n# nor this\n~~~").places] == ["Real"]


@pytest.mark.parametrize("text", ["- item\n---\nmore", "text\n\n---\n\nmore", "#hashtag\nmore", "| a |\n|---|"])
def test_what_looks_like_a_heading_is_none(text: str) -> None:
    assert markdown(text).places[0].label == ""


def test_small_sections_share_a_place() -> None:
    parsed = markdown("\n\n".join(f"## Question {number}\n\nShort answer." for number in range(10)))
    assert len(parsed.places) == 1
    assert parsed.places[0].label == "Question 0"


def csv(text: str, name: str = "a.csv") -> Parsed:
    return read(text.encode(), name)


def test_each_row_names_its_columns() -> None:
    parsed = csv("name,rate\nAda,40 %\nBob,\n")
    assert [(place.label, place.kind) for place in parsed.places] == [("rows 2-3", "rows")]
    assert parsed.places[0].text == "name: Ada\nrate: 40 %\n\nname: Bob"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in [["name", "note"], ["Ada", "one"], ["Bob", "two"]])
    assert csv(text).places[0].text == "name: Ada\nnote: one\n\nname: Bob\nnote: two"


def test_commas_in_quotes_and_decimals_do_not_mislead() -> None:
    assert csv('item;price\n"Tea, green";3,50\nMilk;1,20').places[0].text == "item: Tea, green\nprice: 3,50\n\nitem: Milk\nprice: 1,20"


def test_a_table_without_names_has_numbers_for_them() -> None:
    assert csv("1,Ada\n2,Bob").places[0].text == "column 1: 1\ncolumn 2: Ada\n\ncolumn 1: 2\ncolumn 2: Bob"


def test_cells_beyond_the_names_are_kept() -> None:
    assert csv("a,b\nx,y,z").places[0].text == "a: x\nb: y\ncolumn 3: z"


def test_fifty_rows_are_a_place() -> None:
    parsed = csv("n,word\n" + "".join(f"{number},w\n" for number in range(120)))
    assert [place.label for place in parsed.places] == ["rows 2-51", "rows 52-101", "rows 102-121"]


def test_long_rows_make_more_places() -> None:
    parsed = csv("a,b\n" + f"x,{FILLER}\n" * 20)
    assert max(len(place.text) for place in parsed.places) <= PLACE_MAX_CHARS + len(FILLER)
    assert len(parsed.places) > 2


def test_a_cell_over_several_lines_is_one_line() -> None:
    assert csv('a,b\n"two\nlines",y').places[0].text == "a: two lines\nb: y"


def test_a_table_of_names_alone_has_no_text() -> None:
    with pytest.raises(errors.NoText):
        csv("name,rate\n")


def test_what_turns_out_to_be_no_text_says_so() -> None:
    with pytest.raises(errors.UnsupportedKind):
        read(b"SIMPLE  = T / a header of many words " * 20 + b"\x81\x8d\x8f\x90\x9d\xff\xfe" * 400)
