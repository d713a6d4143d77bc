"""An RTF gives its words whatever it packs around them, or a reason."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter

import pytest
from striprtf.striprtf import rtf_to_text

from apps.documents.parsing import errors
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import read

LONG = r"Nothing of note happened that day. " * 30


def rtf(body: str | bytes, *, head: str = r"\ansi\ansicpg1252") -> bytes:
    content = body.encode("latin-1") if isinstance(body, str) else body
    return b"{\\rtf1" + head.encode() + b" " + content + b"}"


def text_of(body: str | bytes, *, head: str = r"\ansi\ansicpg1252") -> str:
    return "\n\n".join(place.text for place in read(rtf(body, head=head)).places)


def labels(parsed: Parsed) -> list[str]:
    return [place.label for place in parsed.places]


def test_paragraphs_and_signs_are_read() -> None:
    parsed = read(rtf(r"One\par Two\line three\tab four\par\'84Gr\'f6\'dfe\ldblquote\rdblquote  \{\\\}\par"))
    assert parsed.kind == "rtf"
    assert [(place.kind, place.text) for place in parsed.places] == [("text", "One\n\nTwo\nthree\tfour\n\n„Größe“” {\\}")]


def test_line_ends_of_the_file_are_none_of_the_text() -> None:
    assert text_of("One\r\ntwo\n three\\\nfour") == "Onetwo three\nfour"


def test_headings_begin_places_by_their_style_or_their_level() -> None:
    styles = r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}{\*\cs10 Default;}}"
    body = rf"{styles}\pard\s1 Holidays\par\pard\s0 {LONG}\par\pard\outlinelevel0 Sick leave\par\pard Call us.\par"
    parsed = read(rtf(body))
    assert labels(parsed) == ["Holidays", "Sick leave"]
    assert parsed.places[1].text == "Sick leave\n\nCall us."


def test_the_title_comes_from_the_properties() -> None:
    assert read(rtf(r"{\info{\title House rules}{\author Ada}{\*\company Acme}}Be kind.\par")).title == "House rules"
    assert text_of(r"{\info{\title House rules}{\author Ada}{\*\company Acme}}Be kind.\par") == "Be kind."


def test_tables_are_read_row_by_row() -> None:
    rows = r"\trowd\pard\intbl Berth\cell\pard\intbl Fee\cell\row\trowd\pard\intbl {a}\cell\pard\intbl {b\par c}\cell\row"
    assert text_of(rf"Before.\par{rows}\pard After.\par") == "Before.\n\nBerth | Fee\na | b c\n\nAfter."


def test_a_table_in_a_cell_is_part_of_it() -> None:
    inner = r"\intbl\itap2 x\nestcell y\nestcell{\*\nesttableprops\trowd\nestrow}{\nonesttables\par}"
    assert text_of(rf"\trowd\pard\intbl a {inner}\cell\row\pard") == "a x y"


def test_notes_comments_and_boxes_stand_after_their_paragraph() -> None:
    body = r"Open{\super\chftn{\footnote\pard Not on {\b Sundays}.\par}} daily{\*\atnid Ada}{\*\annotation Still so?}"
    box = r"{\shp{\*\shpinst{\sp{\sn fill}{\sv 1}}{\shptxt In the box.\par}}{\shprslt In the box again.}}"
    assert text_of(rf"{body}{box}.\par Next.\par") == "Open daily.\n\nNot on Sundays.\n\nStill so?\n\nIn the box.\n\nNext."


def test_a_letterhead_is_said_once() -> None:
    assert text_of(r"{\header Acme Ltd, 5 Mill Road\par}{\headerl Acme Ltd, 5 Mill Road\par}{\footer 1}Dear all.\par") == (
        "Dear all.\n\nAcme Ltd, 5 Mill Road"
    )


def test_fields_show_what_they_gave() -> None:
    assert text_of(r'See {\field{\*\fldinst HYPERLINK "http://x.example/"}{\fldrslt the page}}.\par') == "See the page."


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\u8364?5", "€5"),
        (r"\uc2\u26085\'93\'fa\u26412\'96\'7b x", "日本 x"),
        (r"\uc0\u8364 5", "€5"),
        (r"\u-10179?\u-8704?", "😀"),
        (r"{\upr{B?}{\*\ud\uc0 B\u228 }}r", "Bär"),
        (r"\u-3913?\tab One", "•\tOne"),
    ],
)
def test_unicode_is_read_and_what_stands_in_for_it_is_not(body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (r"\ansi\ansicpg1251", r"\'cf\'f0\'e8", "При"),
        (r"\mac", r"\'8a", "ä"),
        (r"\pc", r"\'84", "ä"),
        (
            r"\ansi\ansicpg1252",
            r"{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}}\f1\'93\'fa\'96{\b {}}{\f0\'e4}\f1\'96\'7b",
            "日\ufffdä本",
        ),
        (r"\ansi\ansicpg932", "\\'93\\'fa\\'89\\'70\\'8f\\'6f", "日英出"),
        (r"\ansi\ansicpg65001", "Größe".encode().decode("latin-1"), "Größe"),
        (r"\ansi\ansicpg99999", r"\'e4", "ä"),
    ],
)
def test_letters_are_read_in_the_page_of_their_file_or_font(head: str, body: str, text: str) -> None:
    assert text_of(body, head=head) == text


def test_a_letter_of_two_bytes_may_be_one_code_and_one_sign() -> None:
    assert text_of(r"\'83A\'83C", head=r"\ansi\ansicpg932") == "アイ"


def test_hidden_and_deleted_words_are_gone() -> None:
    assert text_of(r"Seen {\v hidden}{\v hidden\v0  seen} {\deleted gone}{\v no\plain  yes}.") == "Seen  seen  yes."


def test_pictures_and_objects_are_passed_over_by_their_length() -> None:
    brace = b"Before.{\\pict\\pngblip\\bin8 {{{{}}}\\}{\\object{\\*\\objdata 0123}{\\result Shown.}} After."
    assert text_of(brace) == "Before.Shown. After."


@pytest.mark.parametrize("length", [b"-5", b"", b"9999999999"])
def test_a_length_that_lies_ends_nothing_but_the_text(length: bytes) -> None:
    parsed = read(rtf(b"Before.\\par{\\pict\\bin" + length + b" xx} After."))
    assert parsed.places[0].text.startswith("Before.")
    assert parsed.kind == "rtf"


def test_another_reader_finds_the_same_words() -> None:
    words = r"\f1 One\par\'84Gr\'f6\'dfe\ldblquote\u8364?5{\b bold}\par\f0\'cf\'f0\'e8\f1"
    body = r"{\fonttbl{\f0\fcharset204 A;}{\f1 B;}}" + words + r"\trowd\intbl a\cell b\cell\row"
    said: str = rtf_to_text(rtf(body).decode("latin-1"))  # type: ignore[no-untyped-call]
    assert text_of(body).replace("|", " ").split() == said.replace("|", " ").split()


def test_what_follows_the_last_brace_is_no_text() -> None:
    assert read(rtf("Words.") + b"{more} words").places[0].text == "Words."


def test_a_file_that_ends_too_early_says_so() -> None:
    parsed = read(rtf(r"Some words.\par More {\b words")[:-1])
    assert parsed.places[0].text == "Some words.\n\nMore words"
    assert [notice.code for notice in parsed.notices] == ["cut_off"]


def test_a_file_that_ends_before_its_text_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(rtf(r"{\fonttbl{\f0 Arial;}}Words")[:30])


def test_a_file_without_words_is_a_reason() -> None:
    with pytest.raises(errors.NoText):
        read(rtf(r"{\pict 0123}\par"))


def test_braces_without_end_are_refused() -> None:
    with pytest.raises(errors.NestedTooDeeply):
        read(b"{\\rtf1" + b"{" * 100_000)


@pytest.mark.parametrize(
    "unit", [b"{}", b"\\par ", b"\\'e4", b"\\u228?", b"{\\field{\\*\\fldinst HYPERLINK ", b"\\cell ", b"}", b"\\bin1 x", b"\\"]
)
def test_it_is_quick_whatever_comes(unit: bytes) -> None:
    started = perf_counter()
    with suppress(errors.NestedTooDeeply):
        read(b"{\\rtf1 Words. " + unit * (MIB // len(unit)), limits=Limits(cpu_s=20))
    assert perf_counter() - started < 15
