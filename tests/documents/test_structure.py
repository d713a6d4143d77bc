"""A page's text as what it was: headings, lists, tables; and the marks in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.documents.structure import blocks, parts_of, shown


def outline(text: str, *, kind: str = "docx", place: str = "section", label: str = "") -> list[object]:
    """Each part's kind and words: tables as rows of cells, the header first."""
    found: list[object] = []
    for part in parts_of(text, kind=kind, place=place, label=label):
        words = [text[slice(*line)] for line in part.lines]
        rows = [[text[slice(*cell)] for cell in row] for row in (part.head, *part.rows) if row]
        found.append((part.kind, words or rows))
    return found


def test_a_section_begins_with_its_heading() -> None:
    text = "Term  and\nnotice\n\nThe lease begins\non 1 July.\n\nIt has no end."
    assert outline(text, label="Term and notice") == [
        ("heading", ["Term  and\nnotice"]),
        ("text", ["The lease begins\non 1 July."]),
        ("text", ["It has no end."]),
    ]


def test_a_slide_begins_with_its_title() -> None:
    text = "Welcome\n\nTo the harbour\n\nNotes: Say it slowly."
    assert outline(text, kind="pptx", place="slide", label="slide 3: Welcome")[0] == ("heading", ["Welcome"])
    assert outline(text, kind="pptx", place="slide", label="slide 3")[0] == ("text", ["Welcome"])


def test_rows_whose_cells_have_no_names_are_a_table_without_a_head() -> None:
    text = "Customer | ACME\n\nStreet | Mill Road | 5\n\nThank you\n\nas of | 2025"
    assert outline(text, kind="xlsx", place="sheet") == [
        ("table", [["Customer", "ACME"], ["Street", "Mill Road", "5"]]),
        ("text", ["Thank you"]),
        ("text", ["as of | 2025"]),
    ]
    assert not parts_of(text, kind="xlsx", place="sheet")[0].head


def test_lines_with_bars_are_a_table() -> None:
    text = "Before.\n\nPremises | Notice |\nWarehouse | 6 months | Pier 4\n| 3 months"
    assert outline(text) == [
        ("text", ["Before."]),
        ("text", ["Premises | Notice |\nWarehouse | 6 months | Pier 4\n| 3 months"]),
    ], "one line of it has no bar between two cells"
    assert outline("Premises | Notice\nWarehouse | 6 months") == [("table", [["Premises", "Notice"], ["Warehouse", "6 months"]])]


def test_lines_that_begin_with_a_sign_are_a_list() -> None:
    assert outline("- one\n- two") == [("list", ["- one", "- two"])]
    assert outline("1. one\n2) two\n(c) three") == [("list", ["1. one", "2) two", "(c) three"])]
    assert outline("- one\ngoes on") == [("text", ["- one\ngoes on"])]


def test_rows_are_a_table_again() -> None:
    text = "name: Ada\ncity: London\n\nname: Bob\nphone: 12: 30"
    assert outline(text, kind="csv", place="rows") == [("table", [["name", "city", "phone"], ["Ada", "London", ""], ["Bob", "", "12: 30"]])]


def test_the_row_that_names_the_columns_is_their_header() -> None:
    text = "Takings of the year\n\nMonth | Berths | Diesel\n\nMonth: May\nDiesel: 12\n\nMonth: June\nBerths: 7\n\nSum: 19"
    assert outline(text, kind="xlsx", place="sheet") == [
        ("text", ["Takings of the year"]),
        ("text", ["Month | Berths | Diesel"]),
        ("table", [["Month", "Diesel", "Berths", "Sum"], ["May", "12", "", ""], ["June", "", "7", ""], ["", "", "", "19"]]),
    ], "a column has no name there"
    assert outline("Month | Berths\n\nMonth: May\nBerths: 3", kind="xlsx", place="sheet") == [
        ("table", [["Month", "Berths"], ["May", "3"]])
    ]


@pytest.mark.parametrize("text", ["a: 1\na: 2", "no name here", "just\nlines: two"])
def test_what_is_no_row_stays_a_text(text: str) -> None:
    assert outline(text, kind="csv", place="rows") == [("text", [text])]


def test_markdown_has_headings_code_and_tables() -> None:
    text = "# Rules #\nFirst *line*.\n\n```python\n# no heading\n\nx = 1\n```\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n## End\n~~~\nopen"
    assert outline(text, kind="markdown") == [
        ("heading", ["Rules"]),
        ("text", ["First *line*."]),
        ("code", ["# no heading\n\nx = 1"]),
        ("table", [["a", "b"], ["1", "2"]]),
        ("heading", ["End"]),
        ("code", ["open"]),
    ]


def test_a_page_of_a_pdf_keeps_its_lines() -> None:
    text = "Two | bars\nand | lines\n\n- here"
    assert outline(text, kind="pdf", place="page") == [("text", [text])]
    assert outline(" \n ", kind="pdf", place="page") == []


def test_a_quote_is_marked_in_every_cell_that_it_covers() -> None:
    text = "name: Ada <b>\ncity: London\n\nname: Bob\ncity: Rome"
    quote = (text.index("Ada"), text.index("Rome") + 2)
    [table] = blocks(text, parts_of(text, kind="csv", place="rows"), [quote])
    assert table.rows == [
        ["<mark>Ada &lt;b&gt;</mark>", "<mark>London</mark>"],
        ["<mark>Bob</mark>", "<mark>Ro</mark>me"],
    ]


def test_what_is_shown_is_what_is_searched() -> None:
    text = "name: Ada\ncity: London\n\nname: Bob\ncity: Rome"
    assert shown(text, parts_of(text, kind="csv", place="rows")) == "name\ncity\nAda\nLondon\nBob\nRome"


@given(
    st.text(alphabet="ab1 |:-#*\n`~", max_size=60),
    st.sampled_from(["markdown", "csv", "docx", "pdf"]),
    st.sampled_from(["rows", "section", "page"]),
)
def test_no_sign_is_invented_and_none_is_shown_twice(text: str, kind: str, place: str) -> None:
    parts = parts_of(text, kind=kind, place=place, label="a b")
    spans = [
        span for part in parts for span in (*part.lines, *part.head, *(cell for row in part.rows for cell in row)) if span[0] < span[1]
    ]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in zip(sorted(spans), sorted(spans)[1:], strict=False))
    assert all("<script" not in line for block in blocks(text, parts) for line in block.lines)
