"""The sheets of OpenDocument, row by row: what repeats itself a million times is one row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lxml.etree import _Element

from apps.documents.parsing.markup import attribute, elements, tag_name
from apps.documents.parsing.odf_text import Words
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rows import Row, add_sheet, column_letters

REPEATED_CELLS_MAX = 100  # of one text in one row; nobody reads the seventeenth thousand
_VALUES = frozenset({"float", "percentage", "currency", "date", "time", "boolean"})


def add_sheets(reading: Reading, content: bytes, words: Words) -> None:
    """Add the rows of all sheets. Raises Damaged, OutOfMemory, TooLargeInside."""
    sheets = _Sheets(reading, words)
    for (_, name), rows in groupby(sheets.rows(content), key=lambda found: found[0]):
        add_sheet(reading, name, (row for _, row in rows if row.cells))
        if sheets.notes:
            reading.add("sheet", "\n\n".join(sheets.notes), label=f"{name}, notes")
            sheets.notes.clear()


class _Sheets:
    """One pass over all of them; `notes` is what was found beside the cells of the last."""

    def __init__(self, reading: Reading, words: Words) -> None:
        self._reading = reading
        self._words = words
        self.notes: list[str] = []

    def rows(self, content: bytes) -> Iterator[tuple[tuple[int, str], Row]]:
        """Each row with the number and the name of its sheet; the rows that only carry notes are empty."""
        sheet, name, number = 0, "", 1
        for element in elements(content, "table-row", "shapes", begun="table"):
            if tag_name(element) == "table":
                sheet, name, number = sheet + 1, attribute(element, "name"), 1
            elif tag_name(element) == "shapes":
                self.notes += (block.text for block in self._words.blocks(element) if block.text)
            else:
                repeated = _count(element, "number-rows-repeated")
                yield (sheet, name), self._row(element, number, repeated)
                number += repeated

    def _row(self, element: _Element, number: int, repeated: int) -> Row:
        cells: dict[int, str] = {}
        values: set[int] = set()
        column = 1
        for cell in element:
            columns = _count(cell, "number-columns-repeated")
            if tag_name(cell) == "table-cell" and (text := self._text(cell, f"{column_letters(column)}{number}")):
                taken = range(column, column + min(columns, REPEATED_CELLS_MAX))
                cells.update(dict.fromkeys(taken, text))
                values.update(taken if attribute(cell, "value-type") in _VALUES else ())
            column += columns
        self._reading.budget.fill_cells(len(cells))
        return Row(number, cells, frozenset(values), last=number + repeated - 1 if repeated > 1 else 0)

    def _text(self, cell: _Element, reference: str) -> str:
        """What the cell shows; what hangs on it goes to `notes`."""
        paragraphs: list[str] = []
        for below in cell:
            if tag_name(below) == "annotation":
                self.notes.append(f"Comment at {reference}: {self._words.flat(below)}")
            elif tag_name(below) == "p":
                paragraphs.append(self._words.flat_paragraph(below))
            elif text := self._words.lines(below):
                self.notes.append(text)
        said = " ".join(paragraphs) if paragraphs else attribute(cell, "string-value") or attribute(cell, "value")
        return " ".join(said.split())


def _count(element: _Element, name: str) -> int:
    """How often it stands there: once where it does not say."""
    stated = attribute(element, name)
    return max(int(stated), 1) if stated.isdecimal() and len(stated) < 10 else 1
