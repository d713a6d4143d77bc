"""What Excel 2003 wrote as XML, and reports still do: sheets, whatever their name ends with."""

from __future__ import annotations

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import read
from tests.documents.office_files import laughs

SPACE = "urn:schemas-microsoft-com:office:spreadsheet"


def cell(text: str, kind: str = "String", more: str = "", inside: str = "") -> str:
    return f'<Cell {more}><Data ss:Type="{kind}">{text}</Data>{inside}</Cell>'


def row(*cells: str, more: str = "") -> str:
    return f"<Row {more}>{''.join(cells)}</Row>"


def book(sheets: str) -> str:
    return f'<Workbook xmlns="{SPACE}" xmlns:ss="{SPACE}">{sheets}</Workbook>'


def sheet(name: str, *rows: str) -> str:
    return f'<Worksheet ss:Name="{name}"><Table>{"".join(rows)}</Table></Worksheet>'


def parsed_of(*sheets: str, limits: Limits | None = None) -> Parsed:
    head = '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    return read((head + book("".join(sheets))).encode(), "report.xls", limits)


def test_a_row_says_what_its_numbers_are() -> None:
    names = row(cell("Berth"), cell("Fee"), cell("Since"), cell("Free"))
    values = row(cell("North 7"), cell("1500.5", "Number"), cell("2025-03-01T00:00:00.000", "DateTime"), cell("1", "Boolean"))
    parsed = parsed_of(sheet("Fees", names, values), sheet("Empty"), sheet("More", row(cell("Only."))))
    assert parsed.kind == "xls"
    assert [(place.label, place.kind, place.text) for place in parsed.places] == [
        ("Fees, rows 1-2", "sheet", "Berth | Fee | Since | Free\n\nBerth: North 7\nFee: 1500.5\nSince: 2025-03-01\nFree: TRUE"),
        ("More, row 1", "sheet", "Only."),
    ]


def test_rows_and_cells_may_state_where_they_stand() -> None:
    comment = '<Comment ss:Author="Ada"><ss:Data>Leased.</ss:Data></Comment>'
    late = row(cell("late", more='ss:Index="3" ss:MergeAcross="2"'), cell("later", inside=comment), more='ss:Index="9"')
    parsed = parsed_of(sheet("A", row(cell("first")), late))
    assert [(place.label, place.text) for place in parsed.places] == [
        ("A, rows 1-9", "first\n\nlate | later"),
        ("A, notes", "Comment at F9: Leased."),
    ]


def test_odd_places_are_borne() -> None:
    parsed = parsed_of(sheet("A", row(cell("x", more='ss:Index="-1"'), cell("y", more='ss:Index="99999999999"'), more='ss:Index="z"')))
    assert parsed.places[0].text == "x | y"


def test_more_cells_than_anybody_reads_are_refused() -> None:
    with pytest.raises(errors.TooLargeInside):
        parsed_of(sheet("A", *[row(cell("x"), cell("y"))] * 60), limits=Limits(max_cells=100))


def test_entities_that_multiply_do_not() -> None:
    bomb = '<?xml version="1.0"?>' + laughs("Workbook", book(sheet("A", row(cell("LAUGH")))))
    parsed = read(bomb.encode(), "report.xls")
    assert parsed.kind == "text"  # it is shown as it is written
    assert len(parsed.places) < 3
    with pytest.raises(errors.NoText):
        parsed_of()
