"""Records of the old Excel format and the strings in them ([MS-XLS] 2.1.4 and 2.5.293; BIFF5 where they are plain bytes)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

_WIDE, _HAS_EXTRAS, _HAS_RUNS = 0x1, 0x4, 0x8
_IS_HUNDREDFOLD, _IS_INTEGER = 0x1, 0x2
_NEW_VERSION = 0x0600


class Kind(IntEnum):
    """The records that carry text or numbers, or say how these are meant."""

    FORMULA = 0x06
    END = 0x0A
    DATE_MODE = 0x22
    FILE_PASS = 0x2F
    CONTINUE = 0x3C
    CODE_PAGE = 0x42
    SHEET = 0x85
    MANY_COMPRESSED = 0xBD
    RICH_TEXT = 0xD6
    STYLE = 0xE0
    SHARED_TEXTS = 0xFC
    SHARED_TEXT = 0xFD
    DRAWN_TEXT = 0x1B6
    NUMBER = 0x203
    TEXT = 0x204
    BOOLEAN_OR_ERROR = 0x205
    FORMULA_TEXT = 0x207
    COMPRESSED = 0x27E
    FORMAT = 0x41E
    BEGIN = 0x809


class Record(NamedTuple):
    """One record; what did not fit into it stands in further parts."""

    kind: int
    parts: list[bytes]

    @property
    def data(self) -> bytes:
        """The first part: all of it but for long strings."""
        return self.parts[0]


def records(stream: bytes, at: int) -> Iterator[Record]:
    """The records from byte `at` to the end of what began there; charts inside it are left out."""
    depth = 0
    for record in _with_parts(stream, at):
        depth += record.kind == Kind.BEGIN
        if depth == 1 or record.kind == Kind.BEGIN:
            yield record
        depth -= record.kind == Kind.END
        if depth <= 0:
            return


def _with_parts(stream: bytes, at: int) -> Iterator[Record]:
    pending: Record | None = None
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        data = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == Kind.CONTINUE and pending:
            pending.parts.append(data)
            continue
        if pending:
            yield pending
        pending = Record(kind, [data])
    if pending:
        yield pending


def is_new(begin: Record) -> bool:
    """Whether strings are Unicode, by the record that begins the stream. Raises struct.error."""
    return int(struct.unpack_from("<H", begin.data)[0]) == _NEW_VERSION


class Strings:
    """Reads strings of one file: Unicode in either width, or bytes in the code page that the file names."""

    def __init__(self) -> None:
        self.is_new = True
        self.encoding = "cp1252"

    def read(self, parts: list[bytes], at: int, *, count_bytes: int = 2) -> str:
        """The string that stands at byte `at`, after its length in one or two bytes. Raises struct.error."""
        if self.is_new:
            return _Reader(parts, at).string(count_bytes)
        count = int.from_bytes(parts[0][at : at + count_bytes], "little")
        return parts[0][at + count_bytes :][:count].decode(self.encoding, errors="replace")


def compressed_number(packed: int) -> float:
    """A number in four bytes: an integer, or the upper half of a float, either perhaps a hundred times itself ([MS-XLS] 2.5.217)."""
    if packed & _IS_INTEGER:
        number: float = (packed >> 2) - (1 << 30 if packed & 0x80000000 else 0)
    else:
        number = struct.unpack("<d", struct.pack("<Q", (packed & ~3) << 32))[0]
    return number / 100 if packed & _IS_HUNDREDFOLD else number


def shared_strings(record: Record) -> Iterator[str]:
    """The strings that cells share, as far as they are whole."""
    try:
        reader = _Reader(record.parts, 4)
        for _ in range(reader.number(4)):
            yield reader.string(2)
    except struct.error:
        return


def drawn_string(record: Record) -> str:
    """The text of a box or a comment: its length stands in the record, its letters in the part after it. Raises struct.error."""
    count = struct.unpack_from("<H", record.data, 10)[0]
    reader = _Reader(record.parts[1:], 0)
    return reader.letters(count, is_wide=bool(reader.number(1) & _WIDE)) if count else ""


class _Reader:
    """Goes through the parts of a record. Raises struct.error where they end."""

    def __init__(self, parts: list[bytes], at: int) -> None:
        self._parts = parts
        self._index = 0
        self._at = at

    def number(self, size_bytes: int) -> int:
        return int.from_bytes(self._take(size_bytes), "little")

    def string(self, count_bytes: int) -> str:
        count = self.number(count_bytes)
        flags = self.number(1)
        runs = self.number(2) * 4 if flags & _HAS_RUNS else 0
        extras = self.number(4) if flags & _HAS_EXTRAS else 0
        text = self.letters(count, is_wide=bool(flags & _WIDE))
        self._take(runs + extras)
        return text

    def letters(self, count: int, *, is_wide: bool) -> str:
        """So many letters; where they go on in the next part, it begins with their width."""
        pieces = []
        while count > 0:
            if not self._left():
                self._next_part()
                is_wide = bool(self.number(1) & _WIDE)
            size = 2 if is_wide else 1
            fitting = min(count, self._left() // size)
            if not fitting:
                raise struct.error
            pieces.append(self._take(fitting * size).decode("utf-16-le" if is_wide else "latin-1", errors="replace"))
            count -= fitting
        return "".join(pieces)

    def _take(self, count: int) -> bytes:
        taken = bytearray()
        while count > len(taken):
            if not self._left():
                self._next_part()
            piece = self._parts[self._index][self._at : self._at + count - len(taken)]
            self._at += len(piece)
            taken += piece
        return bytes(taken)

    def _left(self) -> int:
        return max(len(self._parts[self._index]) - self._at, 0) if self._index < len(self._parts) else 0

    def _next_part(self) -> None:
        self._index += 1
        self._at = 0
        if self._index >= len(self._parts):
            raise struct.error
