"""XLSX: the filled cells of each sheet as they are shown, hidden sheets too (ISO/IEC 29500, both dialects).

Rows are read as they are written, never the rectangle that a sheet claims to fill: two cells in far corners are two cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml.etree import _Element

from apps.documents.parsing.archive import Archive
from apps.documents.parsing.drawings import drawn_texts, paragraphs
from apps.documents.parsing.errors import Damaged
from apps.documents.parsing.markup import attribute, child, elements, tag_name
from apps.documents.parsing.number_formats import BUILT_IN, GENERAL, shown
from apps.documents.parsing.package import Package, relation_of
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rows import Row, add_sheet

_LETTERS = re.compile(r"([A-Za-z]{1,3})\d*$")


class _Sheet(NamedTuple):
    name: str
    part: str


def read(data: bytes, reading: Reading) -> None:
    """Add the rows of all sheets. Raises Damaged, Encrypted, OutOfMemory, TooLargeInside."""
    package = Package(Archive(data, reading.budget))
    reading.suggest_title(package.title())
    book = _Book(package, reading)
    for number, sheet in enumerate(book.sheets, start=1):
        book.add(sheet)
        reading.progress(number, len(book.sheets))
    if book.formulas_without_value:
        reading.warn("values_missing", count=book.formulas_without_value)


class _Book:
    """What the cells of all sheets refer to: texts, formats, and the day that dates count from."""

    def __init__(self, package: Package, reading: Reading) -> None:
        self._package = package
        self._reading = reading
        main = package.main_part("xl/workbook.xml")
        root = package.xml(main)
        if root is None:
            raise Damaged
        relations = package.relations(main)
        targets = ((sheet.get("name", ""), relations.get(relation_of(sheet), ("", ""))[1]) for sheet in root.iter("{*}sheet"))
        self.sheets = [_Sheet(name, part) for name, part in targets if part]
        self._since_1904 = any(attribute(properties, "date1904") in ("1", "true") for properties in root.iter("{*}workbookPr"))
        self._texts = list(self._read_texts(main))
        self._formats = self._read_formats(main)
        self.formulas_without_value = 0

    def add(self, sheet: _Sheet) -> None:
        """Add the rows of one sheet, then what hangs on it. Raises TooLargeInside and others of Archive."""
        data = self._package.read(sheet.part)
        if data is None:
            raise Damaged
        add_sheet(self._reading, sheet.name, self._rows(data))
        if notes := "\n\n".join(self._notes(sheet.part)):
            self._reading.add("sheet", notes, label=f"{sheet.name}, notes")

    def _read_texts(self, main: str) -> Iterator[str]:
        for part in self._package.related(main, "sharedStrings"):
            yield from (_text(item) for item in elements(self._package.read(part) or b"", "si"))

    def _read_formats(self, main: str) -> list[str]:
        """The format code of each style of cells."""
        formats: list[str] = []
        for part in self._package.related(main, "styles"):
            root = self._package.xml(part)
            own = (
                {}
                if root is None
                else {attribute(format_, "numFmtId"): attribute(format_, "formatCode") for format_ in root.iter("{*}numFmt")}
            )
            for style in () if root is None else root.iterfind("{*}cellXfs/{*}xf"):
                number = attribute(style, "numFmtId")
                formats.append(own.get(number) or BUILT_IN.get(int(number) if number.isdecimal() else 0, GENERAL))
        return formats

    def _rows(self, data: bytes) -> Iterator[Row]:
        number = 0
        for element in elements(data, "row"):
            stated = element.get("r", "")
            number = int(stated) if stated.isdecimal() else number + 1
            if row := self._row(number, element):
                yield row

    def _row(self, number: int, element: _Element) -> Row | None:
        cells: dict[int, str] = {}
        values = set()
        column = 0
        for cell in element:
            column = _column(cell.get("r", "")) or column + 1
            kind = cell.get("t", "n")
            text = " ".join(self._shown(cell, kind).split())
            if not text:
                continue
            self._reading.budget.fill_cells(1)
            cells[column] = text
            if kind in ("n", "d", "b"):
                values.add(column)
        return Row(number, cells, frozenset(values)) if cells else None

    def _shown(self, cell: _Element, kind: str) -> str:
        """What stands in the cell; of a formula the value that it had when the file was saved."""
        if kind == "inlineStr":
            return _text(cell)
        if len(cell) == 1 and tag_name(cell[0]) == "f":  # written by a program that does not calculate
            self.formulas_without_value += 1
            return ""
        value = next((below.text or "" for below in cell if str(below.tag).endswith("}v")), "")
        if kind == "s":
            return self._texts[int(value)] if value.isdecimal() and int(value) < len(self._texts) else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE" if value == "0" else value
        return self._number(value, cell.get("s", "0")) if kind == "n" and value else value

    def _number(self, value: str, style: str) -> str:
        code = self._formats[int(style)] if style.isdecimal() and int(style) < len(self._formats) else GENERAL
        try:
            return shown(float(value), code, since_1904=self._since_1904)
        except ValueError:
            return value

    def _notes(self, part: str) -> Iterator[str]:
        """Comments on cells; then text boxes, charts and diagrams."""
        threads = self._package.related(part, "threadedComment")
        for name in threads or self._package.related(part, "comments"):
            root = self._package.xml(name)
            for comment in () if root is None else root.iter("{*}comment", "{*}threadedComment"):
                said = child(comment, "text")
                if text := "" if said is None else " ".join(_text(said).split()):
                    yield f"Comment at {comment.get('ref', '')}: {text}"
        for name in self._package.related(part, "drawing"):
            root = self._package.xml(name)
            if root is not None:
                yield from paragraphs(root)
                yield from drawn_texts(self._package, name, root)


def _text(element: _Element) -> str:
    """The text of a string or a comment, without the readings that stand above Japanese words."""
    if not len(element):
        return element.text or ""
    return "".join(_text(below) for below in element if tag_name(below) not in ("rPh", "rPr", "f", "extLst"))


def _column(reference: str) -> int:
    """The number of the column that "AB12" stands in, 0 where that says none."""
    letters = _LETTERS.match(reference)
    number = 0
    for letter in letters[1].upper() if letters else "":
        number = number * 26 + ord(letter) - 64
    return number
