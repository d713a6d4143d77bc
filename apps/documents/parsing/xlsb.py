"""XLSB: the cells that calamine finds, numbers without their formats; it is the one reader that was not written in Python."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from apps.documents.parsing.archive import Archive
from apps.documents.parsing.errors import Damaged, Encrypted
from apps.documents.parsing.number_formats import general
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rows import Row, add_sheet

_STDERR = 2
Cell = bool | float | str | datetime | date | time | timedelta


def read(data: bytes, reading: Reading) -> None:
    """Add the rows of all sheets. Raises Damaged, Encrypted, TooLargeInside; a file that stops calamine ends the child."""
    archive = Archive(data, reading.budget)
    for name in archive:
        archive.read(name)  # refuses a bomb, which calamine would unpack
    try:
        with _quiet():
            book = CalamineWorkbook.from_filelike(BytesIO(data))
            for name in book.sheet_names:
                add_sheet(reading, name, _rows(book.get_sheet_by_name(name), reading))
    except PasswordError as error:
        raise Encrypted from error
    except CalamineError as error:
        raise Damaged from error


def _rows(sheet: CalamineSheet, reading: Reading) -> Iterator[Row]:
    top, left = sheet.start or (0, 0)
    for number, row in enumerate(sheet.iter_rows(), start=top + 1):
        cells = {column: text for column, value in enumerate(row, start=left + 1) if (text := " ".join(_shown(value).split()))}
        reading.budget.fill_cells(len(cells))
        if cells:
            values = (column for column in cells if not isinstance(row[column - left - 1], str))
            yield Row(number, cells, frozenset(values))


def _shown(value: Cell) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return general(value)
    return value.isoformat(" ", "minutes") if isinstance(value, datetime) else str(value)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without standard error: what Rust says there when it fails may quote the file, and standard error is logged."""
    kept = os.dup(_STDERR)
    os.close(_STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
