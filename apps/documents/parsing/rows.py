"""From rows to places: each row as lines of "column: value", so that a row found alone still says what its numbers are."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from apps.documents.parsing.places import PlaceKind, Reading
from apps.documents.parsing.sections import PLACE_MAX_CHARS, add_text

PLACE_MAX_ROWS = 50
LOOKED_AHEAD_ROWS = 3
HEADER_CELL_MAX_CHARS = 100
BESIDE = " | "  # between cells that have no names
_YEAR = re.compile(r"(19|20|21)\d\d")


def as_lines(names: Sequence[str], row: Sequence[str]) -> str:
    """The filled cells of `row`, a line each, with the names of their columns ("": the cell alone)."""
    names = [*(name.strip() for name in names), *(f"column {number}" for number in range(len(names) + 1, len(row) + 1))]
    cells = zip(names, (" ".join(cell.split()) for cell in row), strict=False)
    return "\n".join(f"{name}: {cell}" if name else cell for name, cell in cells if cell)


def column_letters(number: int) -> str:
    """The name of a column as a spreadsheet shows it: 28 is "AB"."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


class RowPlaces:
    """Rows on their way into places of fifty; numbered as a spreadsheet shows them."""

    def __init__(self, reading: Reading, kind: PlaceKind, *, sheet: str = "") -> None:
        self._reading = reading
        self._kind = kind
        self._prefix = f"{sheet}, " if sheet else ""
        self._texts: list[str] = []
        self._characters = 0
        self._first = self._last = 0

    def add(self, number: int, text: str, *, last: int = 0) -> None:
        """Take the text of row `number`, or of the rows to `last` where all are alike. Raises TooLargeInside."""
        if len(self._texts) == PLACE_MAX_ROWS or (self._texts and self._characters + len(text) > PLACE_MAX_CHARS):
            self.flush()
        self._first = self._first if self._texts else number
        self._last = max(last, number)
        self._texts.append(text)
        self._characters += len(text)

    def flush(self) -> None:
        """Add the place that is being filled, if there is one. Raises TooLargeInside."""
        if not self._texts:
            return
        rows = f"rows {self._first}-{self._last}" if self._last > self._first else f"row {self._first}"
        add_text(self._reading, "\n\n".join(self._texts), kind=self._kind, label=self._prefix + rows)
        self._texts, self._characters = [], 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet, or several that are alike: its filled cells by column, in order."""

    number: int
    cells: Mapping[int, str]
    values: frozenset[int] = frozenset()  # the columns that hold a number, a date or a time
    last: int = 0  # the number of the last of those that are alike, 0 where it is one

    def names_only(self) -> bool:
        """Whether it can name columns: short texts that differ, some of which may be years."""
        texts = list(self.cells.values())
        are_names = all(column not in self.values or _YEAR.fullmatch(text) for column, text in self.cells.items())
        return are_names and len(self.values) < len(texts) == len(set(texts)) and all(len(text) <= HEADER_CELL_MAX_CHARS for text in texts)


def add_sheet(reading: Reading, name: str, rows: Iterable[Row]) -> None:
    """Add the filled rows of a sheet. Raises TooLargeInside."""
    places = RowPlaces(reading, "sheet", sheet=name)
    sheet = _Sheet()
    for row, below in _with_those_below(iter(rows)):
        places.add(row.number, sheet.text_of(row, below), last=row.last)
    places.flush()


class _Sheet:
    """Knows which names the columns have: a sheet may begin with a title, and hold one table after the other."""

    def __init__(self) -> None:
        self._names: Mapping[int, str] = {}
        self._follows = 0  # the number that the next row has where no empty one stands between
        self._may_begin = True

    def text_of(self, row: Row, below: Sequence[Row]) -> str:
        """The row as lines of "column: value", or its cells side by side where they have no names, or are names."""
        is_after_gap = row.number > self._follows
        self._follows = max(row.last, row.number) + 1
        is_alone = len(row.cells) == 1
        if (self._may_begin or is_after_gap) and _is_header(row, below):
            self._names, self._may_begin = row.cells, False
        elif self._names and not (is_alone and is_after_gap):
            self._may_begin = is_alone
            return "\n".join(self._named(column, text) for column, text in row.cells.items())
        else:
            self._may_begin = True
        return BESIDE.join(row.cells.values())

    def _named(self, column: int, text: str) -> str:
        name = self._names.get(column)
        return f"{name}: {text}" if name else text


def _is_header(row: Row, below: Sequence[Row]) -> bool:
    """Whether `row` names the columns of those below: most have values under one of its texts, or all keep within three or more names."""
    if len(row.cells) < 2 or not row.names_only() or not below or below[0].number != row.number + 1:
        return False
    with_values = [sum(column in under.values for under in below) for column in row.cells if column not in row.values]
    if max(with_values) * 2 > len(below):
        return True
    columns = row.cells.keys()
    return len(columns) > 2 and all(len(under.cells) > 1 and under.cells.keys() <= columns for under in below)


def _with_those_below(rows: Iterator[Row]) -> Iterator[tuple[Row, Sequence[Row]]]:
    """Each row with those that directly follow it, three at most."""
    window = deque(islice(rows, LOOKED_AHEAD_ROWS))
    while window:
        window.extend(islice(rows, LOOKED_AHEAD_ROWS + 1 - len(window)))
        row = window.popleft()
        yield row, list(window)
