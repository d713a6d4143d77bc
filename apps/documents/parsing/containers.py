"""What the two containers of office files say they hold: the names in a ZIP and in an OLE file, without unpacking either.

Read in the parent, so every step is bounded: a few hundred kilobytes, and no code but this looks at them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 256 * 1024  # where a ZIP lists its members
MAX_SECTORS = 512  # of an OLE directory: 2,048 streams or more

_ZIP_ENTRY = b"PK\x01\x02"
_ZIP_END = b"PK\x05\x06"
_ZIP_ENTRY_BYTES = 46
_OLE_ENTRY_BYTES = 128
_NO_SECTOR = 0xFFFFFFF0  # what is greater is no number of a sector
_IS_ROOT = 5
_NO_ENTRY = 0xFFFFFFFF


def ends(file: BinaryIO) -> tuple[bytes, bytes]:
    """The first 64 kB of `file`, and the last 256 kB of what follows them."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(max(len(head), file.seek(0, 2) - TAIL_BYTES))
    return head, file.read(TAIL_BYTES)


def zip_names(seen: bytes) -> list[str]:
    """The members that the end of an archive lists, in order; none where its list is longer than `seen`, or gone."""
    at = seen.rfind(_ZIP_END)
    if at < 0 or len(seen) < at + 22:
        return []
    size = struct.unpack_from("<I", seen, at + 12)[0]
    return list(_zip_entries(seen, at - size, at)) if size <= at else []


def _zip_entries(seen: bytes, at: int, end: int) -> Iterator[str]:
    while at + _ZIP_ENTRY_BYTES <= end and seen.startswith(_ZIP_ENTRY, at):
        name, extra, comment = struct.unpack_from("<HHH", seen, at + 28)
        at += _ZIP_ENTRY_BYTES
        yield seen[at : at + name].decode("utf-8", errors="replace").replace("\\", "/").lstrip("/")
        at += name + extra + comment


def ole_names(file: BinaryIO) -> list[str]:
    """The streams and folders at the top of an OLE file, not those of files inside it; none where its directory is gone."""
    try:
        entries = _ole_entries(file)
        if entries[0][66] != _IS_ROOT:
            return []
        return [_ole_name(entries[number]) for number in _siblings(entries, struct.unpack_from("<I", entries[0], 76)[0])]
    except (struct.error, IndexError, UnicodeDecodeError):
        return []


def _ole_entries(file: BinaryIO) -> list[bytes]:
    file.seek(0)
    head = file.read(512)
    sector_bytes = 4096 if struct.unpack_from("<H", head, 30)[0] == 12 else 512
    table = struct.unpack_from(
        "<109I", head, 76
    )  # where the first sectors of the allocation table are: 6.8 MB of a file, 436 MB of a new one
    directory = b"".join(_chain(file, struct.unpack_from("<I", head, 48)[0], table, sector_bytes))
    return [directory[at : at + _OLE_ENTRY_BYTES] for at in range(0, len(directory), _OLE_ENTRY_BYTES)]


def _chain(file: BinaryIO, sector: int, table: tuple[int, ...], sector_bytes: int) -> Iterator[bytes]:
    """Sector by sector as the allocation table goes on; ends where the table lies outside of what the header names."""
    numbers = sector_bytes // 4
    for _ in range(MAX_SECTORS):
        if sector >= _NO_SECTOR:
            return
        yield _sector(file, sector, sector_bytes)
        if sector // numbers >= len(table):
            return
        sector = struct.unpack_from("<I", _sector(file, table[sector // numbers], sector_bytes), sector % numbers * 4)[0]


def _sector(file: BinaryIO, number: int, sector_bytes: int) -> bytes:
    file.seek((number + 1) * sector_bytes)
    return file.read(sector_bytes)


def _siblings(entries: list[bytes], top: int) -> Iterator[int]:
    """The numbers of the entries of one folder, which are kept as a tree: each once, whatever the links say."""
    seen, waiting = {_NO_ENTRY}, [top]
    while waiting:
        number = waiting.pop()
        if number in seen or number >= len(entries):
            continue
        seen.add(number)
        yield number
        waiting += struct.unpack_from("<II", entries[number], 68)


def _ole_name(entry: bytes) -> str:
    length = struct.unpack_from("<H", entry, 64)[0]
    return entry[: max(0, min(length, 64) - 2)].decode("utf-16-le")
