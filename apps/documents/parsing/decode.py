"""Bytes to text, whatever they were written in."""

from __future__ import annotations

import codecs
import re
from collections import Counter

from apps.documents.parsing.latin import latin_encoding

SAMPLE_BYTES = 64 * 1024
SCRIPT_MAX = 0x10  # Latin is 0, Cyrillic 4, Arabic 6, Thai 14
_MARKS = (  # UTF-32 first: its little-endian mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_LETTERS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd-\uffff]")
_SEVEN_BITS = ("iso2022", "hz", "utf-7")
_ESCAPES = ((b"\x1b$B", "iso2022_jp_2"), (b"\x1b$@", "iso2022_jp_2"), (b"\x1b(J", "iso2022_jp_2"), (b"\x1b$)C", "iso2022_kr"))
_AS_BROWSERS_DO = {"iso8859-1": "cp1252", "ascii": "cp1252", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949"}


def decode(data: bytes, declared: str = "") -> str:
    """`data` as text: by its mark or its escapes, as strict UTF-8, as `declared`, as UTF-8 with a few broken places, or by a guess."""
    if encoding := marked_encoding(data) or unmarked_utf16(data):
        return data.decode(encoding, errors="replace")
    if encoding := seven_bit_encoding(data, declared):
        return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data, declared)


def seven_bit_encoding(data: bytes, declared: str) -> str:
    """The encoding of `data` where it hides other letters in ASCII bytes, which are valid UTF-8 too, or ""."""
    if not data.isascii():
        return ""
    if (encoding := known(declared)).startswith(_SEVEN_BITS):
        return encoding
    return next((encoding for mark, encoding in _ESCAPES if mark in data[:SAMPLE_BYTES]), "")


def marked_encoding(data: bytes) -> str:
    """The encoding that the byte order mark in front names, or ""."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")


def unmarked_utf16(data: bytes) -> str:
    """The byte order of UTF-16 without a mark, or "": one byte of each pair names the script, and the pairs are letters."""
    sample = data[: min(4096, len(data)) & ~1]
    for encoding, scripts, others in (("utf-16-le", sample[1::2], sample[0::2]), ("utf-16-be", sample[0::2], sample[1::2])):
        if _names_scripts(scripts, others) and len(_NO_LETTERS.findall(sample.decode(encoding, "replace"))) * 40 <= len(sample):
            return encoding
    return ""


def _names_scripts(scripts: bytes, others: bytes) -> bool:
    """Whether these bytes are hardly ever others than one or two small ones, or often 0 where their neighbours hardly are."""
    named = Counter(scripts).most_common(2)
    few = sum(count for byte, count in named if byte < SCRIPT_MAX and byte not in b"\t\n\r") * 10 >= len(scripts) * 9
    often = scripts.count(0) * 3 >= len(scripts) and others.count(0) * 20 <= scripts.count(0)
    return bool(named) and (few or often)


def _decode_legacy(data: bytes, declared: str) -> str:
    if encoding := known(declared):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass  # a wrong declaration is common; go on as if there were none
    broken_utf8 = data.decode("utf-8", errors="replace")
    if _is_mostly_utf8(broken_utf8):
        return broken_utf8
    return data.decode(latin_encoding(data[:SAMPLE_BYTES]) or _guessed(data), errors="replace")


def known(declared: str) -> str:
    """The codec for an encoding by the name that a file gives it, as browsers read that, or ""."""
    try:
        name = codecs.lookup(declared.strip()).name
        b" ".decode(name)
    except (LookupError, ValueError):  # unknown, no text encoding ("zip", "hex"), or a name with a NUL in it
        return ""
    return _AS_BROWSERS_DO.get(name, name)


def _is_mostly_utf8(text: str) -> bool:
    """Whether what was decoded with replacements is UTF-8 with a few broken bytes, not another encoding."""
    broken = text.count("\ufffd")
    valid = sum(character > "\x7f" for character in text[:SAMPLE_BYTES]) - text[:SAMPLE_BYTES].count("\ufffd")
    return broken <= 1 + valid // 10 and valid >= broken


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes  # 40 ms of import that most files do not need

    best = from_bytes(data[:SAMPLE_BYTES]).best()
    return _AS_BROWSERS_DO.get(best.encoding, best.encoding) if best else "cp1252"
