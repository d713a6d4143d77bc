"""The RTF of Outlook messages, packed with an LZ77 of its own (MS-OXRTFCP)."""

from __future__ import annotations

import struct

from apps.documents.parsing.budget import Budget
from apps.documents.parsing.errors import Damaged

HEADER_BYTES = 16
WINDOW_BYTES = 4096
_PACKED, _AS_IT_IS = b"LZFu", b"MELA"
_PRESET = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)  # what every window begins with


def unpacked(data: bytes, budget: Budget) -> bytes:
    """The RTF. Raises Damaged, TooLargeInside."""
    if len(data) < HEADER_BYTES:
        raise Damaged
    size_bytes, kind = struct.unpack_from("<4xI4s", data)
    budget.unpack(size_bytes)
    if kind == _AS_IT_IS:
        return data[HEADER_BYTES : HEADER_BYTES + size_bytes]
    if kind != _PACKED:
        raise Damaged
    return _unpacked(data, size_bytes)


def _unpacked(data: bytes, size_bytes: int) -> bytes:
    """As far as `data` reaches: eight signs of the window or of their own follow each byte of flags."""
    out = bytearray(_PRESET)
    at, end = HEADER_BYTES, len(_PRESET) + size_bytes
    while at < len(data) and len(out) < end:
        flags, at = data[at], at + 1
        for bit in range(8):
            step = 2 if flags >> bit & 1 else 1
            if at + step > len(data):
                break
            if step == 1:
                out.append(data[at])
            elif not _copy(out, *data[at : at + 2]):
                return bytes(out[len(_PRESET) : end])
            at += step
    return bytes(out[len(_PRESET) : end])


def _copy(out: bytearray, high: int, low: int) -> bool:
    """Append what stands in the window at the place that the two bytes name; False where they name the end."""
    place, length = high << 4 | low >> 4, (low & 15) + 2
    back = (len(out) - place) % WINDOW_BYTES
    if back == 0:
        return False
    if back > len(out):
        raise Damaged
    for _ in range(length):
        out.append(out[-back])
    return True
