"""Files of Office's old container, and an XLS in one, written on the spot."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

SECTOR = 512
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SMALLEST = 4096  # a stream of less stands elsewhere; here all are filled up
_BEGIN, _CLOSE, _CONTINUE, _SHEET, _TEXTS, _TEXT = 0x809, 0x0A, 0x3C, 0x85, 0xFC, 0xFD
Cell = str | float | bool | None


def ole(streams: Mapping[str, bytes]) -> bytes:
    """An OLE file with these streams at its top."""
    filled = {name: data.ljust(_SMALLEST, b"\0") for name, data in streams.items()}
    chains: list[tuple[int, int]] = []
    sectors: list[bytes] = []
    for data in filled.values():
        count = -(-len(data) // SECTOR)
        chains.append((len(sectors), count))
        sectors += [data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
    entries = _entry("Root Entry", 5, child=1) + b"".join(
        _entry(name, 2, right=index + 2 if index + 1 < len(filled) else _FREE, start=chains[index][0], size=len(data))
        for index, (name, data) in enumerate(filled.items())
    )
    directory = [entries[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(entries), SECTOR)]
    chains.append((len(sectors), len(directory)))
    sectors += directory
    tables = -(-(len(sectors) + 8) // (SECTOR // 4))
    links = [_FREE] * (tables * SECTOR // 4)
    for start, count in chains:
        links[start : start + count] = [*range(start + 1, start + count), _END]
    links[len(sectors) : len(sectors) + tables] = [_TABLE] * tables
    table = struct.pack(f"<{len(links)}I", *links)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIIII", 0, tables, chains[-1][0], 0, _SMALLEST, _END, 0, _END, 0, len(sectors))
    head += struct.pack(f"<{tables - 1}I", *range(len(sectors) + 1, len(sectors) + tables))
    return head.ljust(SECTOR, b"\xff") + b"".join(sectors) + table


def _entry(name: str, kind: int, *, right: int = _FREE, child: int = _FREE, start: int = _END, size: int = 0) -> bytes:
    said = name.encode("utf-16-le") + b"\0\0"
    head = said.ljust(64, b"\0") + struct.pack("<HBBIII", len(said), kind, 1, _FREE, right, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


def record(kind: int, *parts: bytes) -> bytes:
    """One record of an XLS; what follows its first part stands in records that continue it."""
    return b"".join(struct.pack("<HH", _CONTINUE if index else kind, len(part)) + part for index, part in enumerate(parts))


def unicode_string(text: str, *, count: str = "<H") -> bytes:
    """A string as XLS keeps it: with its length and its width."""
    is_wide = any(ord(letter) > 255 for letter in text)
    return struct.pack(count, len(text)) + bytes([is_wide]) + text.encode("utf-16-le" if is_wide else "latin-1")


def workbook(sheets: Mapping[str, bytes], *, settings: bytes = b"", version: int = 0x600) -> bytes:
    """The stream of an XLS whose sheets hold these records."""

    def begin(kind: int) -> bytes:
        return record(_BEGIN, struct.pack("<HHHHII", version, kind, 0, 0, 0, 0))

    def listed(starts: Sequence[int]) -> bytes:
        names = [unicode_string(name, count="B") if version == 0x600 else bytes([len(name)]) + name.encode("cp1252") for name in sheets]
        entries = (record(_SHEET, struct.pack("<IBB", at, 0, 0) + name) for at, name in zip(starts, names, strict=True))
        return begin(5) + settings + b"".join(entries) + record(_CLOSE, b"")

    starts, at = [], len(listed([0] * len(sheets)))
    bodies = [begin(0x10) + body + record(_CLOSE, b"") for body in sheets.values()]
    for body in bodies:
        starts.append(at)
        at += len(body)
    return listed(starts) + b"".join(bodies)


def numbers(*rows: Sequence[Cell], style: int = 0) -> bytes:
    """Records of cells: texts that stand in place, numbers, truths."""
    cells = [(number, column, value) for number, row in enumerate(rows) for column, value in enumerate(row) if value is not None]
    return b"".join(_cell(struct.pack("<HHH", number, column, style), value) for number, column, value in cells)


def _cell(head: bytes, value: Cell) -> bytes:
    if isinstance(value, str):
        return record(0x204, head + unicode_string(value))
    if isinstance(value, bool):
        return record(0x205, head + bytes([value, 0]))
    return record(0x203, head + struct.pack("<d", value))


def shared(*texts: str) -> bytes:
    """The record of the texts that cells share."""
    return record(_TEXTS, struct.pack("<II", len(texts), len(texts)) + b"".join(map(unicode_string, texts)))


def shared_cell(row: int, column: int, index: int) -> bytes:
    """A cell that shows one of them."""
    return record(_TEXT, struct.pack("<HHHI", row, column, 0, index))


def xls(sheets: Mapping[str, bytes], *, settings: bytes = b"") -> bytes:
    """An XLS whose sheets hold these records."""
    return ole({"Workbook": workbook(sheets, settings=settings)})
