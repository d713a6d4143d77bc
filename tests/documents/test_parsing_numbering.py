"""Paragraphs of a DOCX have the numbers that people see before them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from docx import Document

from tests.documents.files import STYLES, W, docx, paragraph, read, relations


def level(number: int, pattern: str, form: str = "decimal", *, start: int = 1, style: str = "", more: str = "") -> str:
    linked = f'<w:pStyle w:val="{style}"/>' if style else ""
    head = f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{linked}{more}'
    return f'{head}<w:lvlText w:val="{pattern}"/></w:lvl>'


def item(text: str, *, at: int | None = 0, of: int = 1) -> str:
    stated = "" if at is None else f'<w:ilvl w:val="{at}"/>'
    return f'<w:p><w:pPr><w:numPr>{stated}<w:numId w:val="{of}"/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def texts(body: str, *levels: str, nums: str = "", styles: str = STYLES) -> list[str]:
    kinds = f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>'
    lists = nums or '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    parts: dict[str, bytes | str] = {
        "word/numbering.xml": f'<w:numbering xmlns:w="{W}">{kinds}{lists}</w:numbering>',
        "word/styles.xml": styles,
        "word/_rels/document.xml.rels": relations({"s": ("styles", "styles.xml"), "n": ("numbering", "numbering.xml")}),
    }
    return "\n\n".join(place.text for place in read(docx(body, parts=parts)).places).split("\n\n")


def test_levels_count_and_begin_anew_below_the_next() -> None:
    body = item("Term") + item("Begin", at=1) + item("End", at=1) + item("a year", at=2) + item("Rent") + item("Due", at=1)
    assert texts(body, level(0, "§ %1"), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter")) == [
        "§ 1 Term",
        "1.1 Begin",
        "1.2 End",
        "(a) a year",
        "§ 2 Rent",
        "2.1 Due",
    ]


@pytest.mark.parametrize(
    ("form", "start", "said"),
    [
        ("upperLetter", 26, ["Z", "AA"]),
        ("lowerLetter", 1, ["a", "b"]),
        ("lowerRoman", 8, ["viii", "ix"]),
        ("upperRoman", 1999, ["MCMXCIX", "MM"]),
        ("decimalZero", 9, ["09", "10"]),
        ("ordinal", 3, ["3", "4"]),
        ("decimal", 32767, ["32767", "32767"]),
    ],
)
def test_numbers_are_written_in_their_form(form: str, start: int, said: list[str]) -> None:
    assert texts(item("x") + item("x"), level(0, "%1", form, start=start)) == [f"{number} x" for number in said]


def test_bullets_are_dots_and_what_has_no_number_has_none() -> None:
    assert texts(item("One") + item("None", of=0) + item("Two") + item("Deep", at=7), level(0, "\uf0b7", "bullet")) == [
        "• One",
        "None",
        "• Two",
        "Deep",
    ]
    assert texts(item("One"), level(0, "", "none")) == ["One"]


def test_a_level_that_no_paragraph_reached_counts_as_begun() -> None:
    assert texts(item("Deep", at=1), level(0, "%1", start=4), level(1, "%1.%2")) == ["4.1 Deep"]


def test_a_legal_number_is_in_figures_throughout() -> None:
    body = item("Part") + item("Clause", at=1)
    assert texts(body, level(0, "%1", "upperRoman"), level(1, "%1.%2", more="<w:isLgl/>")) == ["I Part", "1.1 Clause"]


def test_empty_paragraphs_count_though_they_say_nothing() -> None:
    assert texts(item("One") + item("") + item("Three"), level(0, "%1.")) == ["1. One", "3. Three"]


def test_lists_of_one_kind_go_on_unless_they_begin_anew() -> None:
    restart = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'
    nums = "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="0"/>{restart if n == 3 else ""}</w:num>' for n in (1, 2, 3))
    body = item("a") + item("b", of=2) + item("c", of=3) + item("d", of=3)
    assert texts(body, level(0, "%1."), nums=nums) == ["1. a", "2. b", "7. c", "8. d"]


def test_a_style_may_say_which_list_and_level() -> None:
    def style(name: str, stated: str, head: str = "") -> str:
        return f'<w:style w:styleId="{name}"><w:name w:val="{name}"/>{head}<w:pPr><w:numPr>{stated}</w:numPr></w:pPr></w:style>'

    number = '<w:numId w:val="1"/>'
    based = '<w:style w:styleId="Third"><w:name w:val="third"/><w:basedOn w:val="Linked"/></w:style>'
    each = style("Heading1", number) + style("Heading2", f'<w:ilvl w:val="1"/>{number}') + based + style("Linked", number)
    styles = f'<w:styles xmlns:w="{W}">{each}</w:styles>'
    body = paragraph("Term", "Heading1") + paragraph("Begin", "Heading2") + paragraph("If late", "Third") + paragraph("Rent", "Heading1")
    levels = level(0, "%1."), level(1, "%1.%2"), level(2, "%1.%2.%3", style="Linked")
    assert texts(body, *levels, styles=styles) == ["1. Term", "1.1 Begin", "1.1.1 If late", "2. Rent"]


def test_a_numbered_heading_names_its_place_with_the_number() -> None:
    styles = STYLES.replace(
        '<w:name w:val="heading 1"/>', '<w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
    )
    parts: dict[str, bytes | str] = {
        "word/numbering.xml": f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0">{level(0, "§ %1")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
        "word/styles.xml": styles,
        "word/_rels/document.xml.rels": relations({"s": ("styles", "styles.xml"), "n": ("numbering", "numbering.xml")}),
    }
    assert (
        read(docx(paragraph("Term and notice", "Heading1") + paragraph("Six months."), parts=parts)).places[0].label
        == "§ 1 Term and notice"
    )


def test_odd_numbers_are_borne() -> None:
    body = item("x", at=-4) + item("y", at=99999999999) + item("z", at=None)
    assert texts(body, level(0, "%1. %9", start=-1), '<w:lvl w:ilvl="x"/>') == ["x", "y", "z"], (
        "the second level takes the place of the first"
    )
    assert texts(body, level(0, "%1.", start=99999999999)) == ["1. x", "2. y", "3. z"]


def test_a_document_of_another_program_is_read() -> None:
    document = Document()
    for text in ("First", "Second"):
        document.add_paragraph(text, style="List Number")
    document.add_paragraph("A dot", style="List Bullet")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.docx"
        document.save(str(path))
        assert read(path.read_bytes()).places[0].text == "1. First\n\n2. Second\n\n• A dot"
