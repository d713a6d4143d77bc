"""CSV: each row as lines of "column: value", so that a row found alone still says what its numbers are."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

from apps.documents.parsing.decode import decode
from apps.documents.parsing.errors import Damaged
from apps.documents.parsing.places import Reading, storable
from apps.documents.parsing.sections import PLACE_MAX_CHARS

PLACE_MAX_ROWS = 50
SAMPLE_LINES = 20
_DELIMITERS = ",;\t|"


def read(data: bytes, reading: Reading) -> None:
    """Add the rows of `data`, up to fifty to a place. Raises Damaged."""
    text = storable(decode(data))
    csv.field_size_limit(reading.limits.max_characters)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(text))
    try:
        _add_rows(rows, reading)
    except csv.Error as error:
        raise Damaged from error


def _delimiter(text: str) -> str:
    """The sign that stands equally often in most of the first lines, and often."""
    lines = list(islice((line for line in text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()), SAMPLE_LINES))

    def score(delimiter: str) -> tuple[int, int]:
        counts = [len(next(csv.reader([line], delimiter=delimiter), [])) for line in lines]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=score)


def _add_rows(rows: Iterator[list[str]], reading: Reading) -> None:
    header: Sequence[str] = ()
    place = _Rows(reading)
    for number, row in enumerate(rows, start=1):
        if not any(cell.strip() for cell in row):
            continue
        if not header:
            header = _header(row)
            if header is row:
                continue
        place.add(number, _as_lines(header, row))
    place.flush()


def _header(row: list[str]) -> Sequence[str]:
    """`row` itself where it names the columns, else numbers for names."""
    if any(_is_number(cell) for cell in row):
        return [f"column {number}" for number in range(1, len(row) + 1)]
    return row


def _is_number(cell: str) -> bool:
    return cell.strip().replace(".", "").replace(",", "").lstrip("+-").isdigit()


def _as_lines(header: Sequence[str], row: Sequence[str]) -> str:
    names = [*(name.strip() for name in header), *(f"column {number}" for number in range(len(header) + 1, len(row) + 1))]
    cells = zip(names, (" ".join(cell.split()) for cell in row), strict=False)
    return "\n".join(f"{name}: {cell}" if name else cell for name, cell in cells if cell)


class _Rows:
    """Rows on their way into one place; numbered as a spreadsheet shows them, the header being row 1."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._texts: list[str] = []
        self._characters = 0
        self._first = self._last = 0

    def add(self, number: int, text: str) -> None:
        if len(self._texts) == PLACE_MAX_ROWS or (self._texts and self._characters + len(text) > PLACE_MAX_CHARS):
            self.flush()
        self._first = self._first if self._texts else number
        self._last = number
        self._texts.append(text)
        self._characters += len(text)

    def flush(self) -> None:
        if not self._texts:
            return
        label = f"rows {self._first}-{self._last}" if self._last > self._first else f"row {self._first}"
        self._reading.add("rows", "\n\n".join(self._texts), label=label)
        self._texts, self._characters = [], 0
