"""Outlook messages, written on the spot."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise

from tests.documents.ole_files import SECTOR

Tree = Mapping[str, "bytes | Tree"]
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_FOLDER, _STREAM, _ROOT = 1, 2, 5


class _Sectors:
    """Data in pieces of one size, and the table that chains them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pieces: list[bytes] = []
        self.links: list[int] = []

    def put(self, data: bytes) -> int:
        """The first piece of `data`."""
        start, count = len(self.pieces), -(-len(data) // self.size)
        self.pieces += [data[at : at + self.size].ljust(self.size, b"\0") for at in range(0, len(data), self.size)]
        self.links += [*range(start + 1, start + count), _END] if count else []
        return start if count else _END

    def table(self, count: int) -> bytes:
        """The links, filled up to `count` of them."""
        return struct.pack(f"<{count}I", *self.links, *[_FREE] * (count - len(self.links)))


def ole_tree(tree: Tree) -> bytes:
    """An OLE file with folders; streams of less than 4,096 bytes stand in the stream of the small ones, as they should."""
    entries: list[bytes] = []
    large, small = _Sectors(SECTOR), _Sectors(64)

    def add(name: str, kind: int, content: bytes | Tree) -> int:
        """The number of the new entry; those below it come after it."""
        number = len(entries)
        entries.append(b"")
        data = content if isinstance(content, bytes) else b""
        below = [] if isinstance(content, bytes) else [add(*child) for child in _children(content)]
        for one, following in pairwise(below):
            entries[one] = entries[one][:72] + struct.pack("<I", following) + entries[one][76:]
        start = (small if len(data) < 4096 else large).put(data)
        entries[number] = _entry(name, kind, below[0] if below else _FREE, start, len(data))
        return number

    add("Root Entry", _ROOT, tree)
    links = large.put(small.table(-(-len(small.links) // 128) * 128))
    streams = b"".join(small.pieces)
    entries[0] = entries[0][:116] + struct.pack("<IQ", large.put(streams), len(streams))
    directory = large.put(b"".join(entries))
    tables, start = -(-(len(large.links) + 8) // 128), len(large.links)
    large.links += [_TABLE] * tables
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, tables, directory, 0, 4096, links, -(-len(small.links) // 128), _END, 0)
    head += struct.pack(f"<{tables}I", *range(start, start + tables))
    return head.ljust(SECTOR, b"\xff") + b"".join(large.pieces) + large.table(tables * 128)


def _children(tree: Tree) -> Iterator[tuple[str, int, bytes | Tree]]:
    for name, content in tree.items():
        yield name, _STREAM if isinstance(content, bytes) else _FOLDER, content


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    said = name.encode("utf-16-le") + b"\0\0"
    head = said.ljust(64, b"\0") + struct.pack("<HBBIII", len(said), kind, 1, _FREE, _FREE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


def message(
    *attachments: Tree, sent: datetime | None = None, code_page: int = 0, binary: Mapping[str, bytes] | None = None,
    narrow: Mapping[str, bytes] | None = None, inside: bool = False, **texts: str,
) -> Tree:  # fmt: skip
    """The streams of a message: `texts` by the names below, `narrow` in a code page and `binary` by their numbers."""
    properties = bytes(24 if inside else 32)
    if sent:
        ticks = int((sent - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10**7)
        properties += struct.pack("<HHIQ", 0x40, 0x0039, 6, ticks)
    if code_page:
        properties += struct.pack("<HHIQ", 0x03, 0x3FFD, 6, code_page) + struct.pack("<HHIQ", 0x03, 0x3FDE, 6, code_page)
    tree: dict[str, bytes | Tree] = {"__properties_version1.0": properties}
    tree |= {f"__substg1.0_{NUMBERS[name]}001F": text.encode("utf-16-le") for name, text in texts.items()}
    tree |= {f"__substg1.0_{number}001E": text for number, text in (narrow or {}).items()}
    tree |= {f"__substg1.0_{number}0102": data for number, data in (binary or {}).items()}
    return tree | {f"__attach_version1.0_#{number:08X}": attachment for number, attachment in enumerate(attachments)}


def attached(name: str, data: bytes, **texts: str) -> Tree:
    """A file that hangs on a message."""
    tree: dict[str, bytes | Tree] = {"__properties_version1.0": bytes(8), "__substg1.0_37010102": data}
    return tree | {f"__substg1.0_{NUMBERS[key]}001F": text.encode("utf-16-le") for key, text in {"file_name": name, **texts}.items()}


def attached_message(tree: Tree) -> Tree:
    """A message that hangs on a message."""
    return {"__properties_version1.0": bytes(8), "__substg1.0_3701000D": tree}


NUMBERS = {
    "subject": "0037", "body": "1000", "html": "1013", "sender": "0C1A", "address": "0C1F", "to": "0E04", "cc": "0E03",
    "file_name": "3707", "short_name": "3704", "content_id": "3712", "message_class": "001A",
}  # fmt: skip
