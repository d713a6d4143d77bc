"""The XML of Excel 2002 and 2003, which many programs still write their reports in and call XLS (SpreadsheetML 2003)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lxml.etree import _Element

from apps.documents.parsing.markup import attribute, child, elements, tag_name
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rows import Row, add_sheet, column_letters

COLUMNS_MAX = 16_384
_VALUES = frozenset({"Number", "DateTime", "Boolean"})
_TRUTHS = {"1": "TRUE", "0": "FALSE"}


def read(data: bytes, reading: Reading) -> None:
    """Add the rows of all sheets. Raises Damaged, NestedTooDeeply, OutOfMemory, TooLargeInside."""
    sheets = _Sheets(reading)
    for (_, name), rows in groupby(sheets.rows(data), key=lambda found: found[0]):
        add_sheet(reading, name, (row for _, row in rows if row.cells))
        if sheets.notes:
            reading.add("sheet", "\n\n".join(sheets.notes), label=f"{name}, notes")
            sheets.notes.clear()


class _Sheets:
    """One pass over all of them; `notes` is what was found beside the cells of the last."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.notes: list[str] = []

    def rows(self, data: bytes) -> Iterator[tuple[tuple[int, str], Row]]:
        """Each row with the number and the name of its sheet."""
        sheet, name, number = 0, "", 0
        for element in elements(data, "Row", begun="Worksheet"):
            if tag_name(element) == "Worksheet":
                sheet, name, number = sheet + 1, attribute(element, "Name"), 0
            else:
                number = _index(element) or number + 1
                yield (sheet, name), self._row(element, number)

    def _row(self, element: _Element, number: int) -> Row:
        cells: dict[int, str] = {}
        values: set[int] = set()
        column = 0
        for cell in element:
            column = min(_index(cell) or column + 1, COLUMNS_MAX)
            data = child(cell, "Data")
            kind = attribute(data, "Type")
            if text := _text(data):
                cells[column] = _as_shown(text, kind)
                values.update({column} if kind in _VALUES else ())
            if comment := _text(child(cell, "Comment")):
                self.notes.append(f"Comment at {column_letters(column)}{number}: {comment}")
            across = attribute(cell, "MergeAcross")
            column += int(across) if across.isdecimal() and len(across) < 6 else 0
        self._reading.budget.fill_cells(len(cells))
        return Row(number, cells, frozenset(values))


def _text(element: _Element | None) -> str:
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())


def _as_shown(text: str, kind: str) -> str:
    """A day without its midnight; a truth as a word."""
    if kind == "DateTime":
        return text.removesuffix(".000").removesuffix("T00:00:00").replace("T", " ")
    return _TRUTHS.get(text, text) if kind == "Boolean" else text


def _index(element: _Element) -> int:
    """The number that a row or a cell states, 0 where it follows the one before it."""
    stated = attribute(element, "Index")
    return int(stated) if stated.isdecimal() and len(stated) < 10 else 0
