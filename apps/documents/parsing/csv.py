"""CSV: whatever separates the cells; the first row names the columns unless it holds numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

from apps.documents.parsing.decode import decode
from apps.documents.parsing.errors import Damaged
from apps.documents.parsing.places import Reading, storable
from apps.documents.parsing.rows import RowPlaces, as_lines

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
    places = RowPlaces(reading, "rows")
    for number, row in enumerate(rows, start=1):
        if not any(cell.strip() for cell in row):
            continue
        if not header:
            header = _header(row)
            if header is row:
                continue
        places.add(number, as_lines(header, row))
    places.flush()


def _header(row: list[str]) -> Sequence[str]:
    """`row` itself where it names the columns, else numbers for names."""
    if any(_is_number(cell) for cell in row):
        return [f"column {number}" for number in range(1, len(row) + 1)]
    return row


def _is_number(cell: str) -> bool:
    return cell.strip().replace(".", "").replace(",", "").lstrip("+-").isdigit()
