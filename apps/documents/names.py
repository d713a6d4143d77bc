"""Names of files as people give them: for reading only. On disk a file is called by ids."""

from __future__ import annotations

import re
import unicodedata

NAME_MAX_CHARS = 200
FALLBACK = "file"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_name(given: str) -> str:
    """The last part of `given`, without what a name must not hold; never empty, never a path.

    Control characters and marks that turn the reading direction (`exe.fdp` shown as `pdf.exe`) are dropped.
    """
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    printable = unicodedata.normalize("NFC", _UNPRINTABLE.sub("", last)).strip()
    if printable in {"", ".", ".."}:
        return FALLBACK
    if len(printable) <= NAME_MAX_CHARS:
        return printable
    stem, dot, suffix = printable.rpartition(".")
    ending = f"{dot}{suffix}" if stem and len(suffix) <= 10 else ""
    return printable[: NAME_MAX_CHARS - len(ending)] + ending
