"""XLS: the filled cells of each sheet as they are shown, hidden sheets too ([MS-XLS], and BIFF5); other insides have their own readers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

import olefile

from apps.documents.parsing import xlsb, xml_sheets
from apps.documents.parsing.biff import Kind, Record, Strings, compressed_number, drawn_string, is_new, records, shared_strings
from apps.documents.parsing.decode import known
from apps.documents.parsing.errors import Damaged, Encrypted
from apps.documents.parsing.number_formats import BUILT_IN, GENERAL, shown
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rows import Row, add_sheet

_STREAMS = ("Workbook", "Book")
_ENCODINGS = {1200: "utf-16-le", 10000: "mac_roman", 32768: "mac_roman", 32769: "cp1252"}
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_IS_TEXT, _IS_TRUTH, _IS_ERROR = 0, 1, 2  # what a formula gave, where it is no number
_CELLS = frozenset({Kind.SHARED_TEXT, Kind.TEXT, Kind.RICH_TEXT, Kind.COMPRESSED, Kind.NUMBER, Kind.BOOLEAN_OR_ERROR, Kind.FORMULA})


def read(data: bytes, reading: Reading) -> None:
    """Add the rows of all sheets. Raises Damaged, Encrypted, TooLargeInside."""
    if not data.startswith(olefile.MAGIC):
        (xlsb if data.startswith(b"PK") else xml_sheets).read(data, reading)
        return
    book = _Book(_stream(data))
    for number, (name, start) in enumerate(book.sheets, start=1):
        sheet = _Sheet(book, reading)
        for record in records(book.stream, start):
            sheet.take(record)
        add_sheet(reading, name, sheet.rows())
        if sheet.notes:
            reading.add("sheet", "\n\n".join(sheet.notes), label=f"{name}, notes")
        reading.progress(number, len(book.sheets))


def _stream(data: bytes) -> bytes:
    try:
        with olefile.OleFileIO(BytesIO(data)) as file:
            name = next((name for name in _STREAMS if file.exists(name)), "")
            return bytes(file.openstream(name).read())
    except (OSError, struct.error, ValueError, IndexError, TypeError, AttributeError, OverflowError) as error:  # as olefile meets damage
        raise Damaged from error


class _Book:
    """What the cells of all sheets refer to. Raises Damaged, Encrypted."""

    def __init__(self, stream: bytes) -> None:
        self.stream = stream
        self.sheets: list[tuple[str, int]] = []
        self.texts: list[str] = []
        self.strings = Strings()
        self.since_1904 = False
        self._formats: list[int] = []
        self._codes: dict[int, str] = {}
        for record in records(stream, 0):
            try:
                self._take(record)
            except struct.error:  # cut off: the others may still be whole
                continue
        if not self.sheets:
            raise Damaged

    def code(self, style: int) -> str:
        """The format code of the cells of `style`."""
        number = self._formats[style] if style < len(self._formats) else 0
        return self._codes.get(number) or BUILT_IN.get(number, GENERAL)

    def _take(self, record: Record) -> None:
        data = record.data
        match record.kind:
            case Kind.BEGIN:
                self.strings.is_new = is_new(record)
            case Kind.FILE_PASS:
                raise Encrypted
            case Kind.CODE_PAGE:
                number = struct.unpack_from("<H", data)[0]
                self.strings.encoding = _ENCODINGS.get(number) or known(f"cp{number}") or "cp1252"
            case Kind.DATE_MODE:
                self.since_1904 = data[:1] == b"\1"
            case Kind.FORMAT:
                self._codes[struct.unpack_from("<H", data)[0]] = self.strings.read(
                    record.parts, 2, count_bytes=2 if self.strings.is_new else 1
                )
            case Kind.STYLE:
                self._formats.append(struct.unpack_from("<H", data, 2)[0])
            case Kind.SHEET if data[5:6] == b"\0":
                self.sheets.append((self.strings.read(record.parts, 6, count_bytes=1), struct.unpack_from("<I", data)[0]))
            case Kind.SHARED_TEXTS:
                self.texts = list(shared_strings(record))


class _Sheet:
    """The cells of one sheet on their way into rows; `notes` is the text of comments and boxes."""

    def __init__(self, book: _Book, reading: Reading) -> None:
        self._book = book
        self._reading = reading
        self._cells: dict[int, dict[int, str]] = {}
        self._values: dict[int, set[int]] = {}
        self._awaiting: tuple[int, int] | None = None  # the cell of a formula whose text comes in the next record
        self.notes: list[str] = []

    def rows(self) -> Iterator[Row]:
        """The filled rows, from above and each from the left."""
        for number in sorted(self._cells):
            cells = self._cells.pop(number)
            yield Row(number + 1, {column + 1: cells[column] for column in sorted(cells)}, frozenset(self._values.get(number, ())))

    def take(self, record: Record) -> None:
        """Take one record; one that is cut off says nothing. Raises TooLargeInside."""
        try:
            if record.kind == Kind.DRAWN_TEXT:
                self.notes += filter(None, [" ".join(drawn_string(record).split())])
            elif record.kind == Kind.FORMULA_TEXT and self._awaiting:
                self._put(*self._awaiting, self._book.strings.read(record.parts, 0))
            elif record.kind == Kind.MANY_COMPRESSED:
                self._take_many(record.data)
            elif record.kind in _CELLS:
                row, column, style = struct.unpack_from("<HHH", record.data)
                self._take_cell(record, row, column, style)
        except struct.error:
            return

    def _take_cell(self, record: Record, row: int, column: int, style: int) -> None:
        data = record.data
        match record.kind:
            case Kind.SHARED_TEXT:
                index = struct.unpack_from("<I", data, 6)[0]
                self._put(row, column, self._book.texts[index] if index < len(self._book.texts) else "")
            case Kind.TEXT | Kind.RICH_TEXT:
                self._put(row, column, self._book.strings.read(record.parts, 6))
            case Kind.COMPRESSED:
                self._put_number(row, column, style, compressed_number(struct.unpack_from("<I", data, 6)[0]))
            case Kind.NUMBER:
                self._put_number(row, column, style, struct.unpack_from("<d", data, 6)[0])
            case Kind.BOOLEAN_OR_ERROR:
                self._put_truth(row, column, data[6], is_error=data[7:8] == b"\1")
            case Kind.FORMULA:
                self._take_result(data, row, column, style)

    def _take_many(self, data: bytes) -> None:
        """Numbers side by side, each with its style."""
        row, first = struct.unpack_from("<HH", data)
        for index in range((len(data) - 6) // 6):
            style, packed = struct.unpack_from("<HI", data, 4 + index * 6)
            self._put_number(row, first + index, style, compressed_number(packed))

    def _take_result(self, data: bytes, row: int, column: int, style: int) -> None:
        """What a formula gave when the file was saved."""
        if data[12:14] != b"\xff\xff":
            self._put_number(row, column, style, struct.unpack_from("<d", data, 6)[0])
        elif data[6] == _IS_TEXT:
            self._awaiting = (row, column)
        elif data[6] in (_IS_TRUTH, _IS_ERROR):
            self._put_truth(row, column, data[8], is_error=data[6] == _IS_ERROR)

    def _put_number(self, row: int, column: int, style: int, value: float) -> None:
        self._put(row, column, shown(value, self._book.code(style), since_1904=self._book.since_1904))
        self._values.setdefault(row, set()).add(column + 1)

    def _put_truth(self, row: int, column: int, value: int, *, is_error: bool) -> None:
        self._put(row, column, _ERRORS.get(value, "") if is_error else "TRUE" if value else "FALSE")
        self._values.setdefault(row, set()).add(column + 1)

    def _put(self, row: int, column: int, text: str) -> None:
        if text := " ".join(text.split()):
            self._reading.budget.fill_cells(1)
            self._cells.setdefault(row, {})[column] = text
