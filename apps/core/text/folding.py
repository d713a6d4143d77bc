"""One spelling for what people type in many ways."""

from __future__ import annotations

import re
import unicodedata

# Accents and vowel points of Latin, Greek, Cyrillic, Hebrew and Arabic. Never the marks of Indic scripts: there they are the vowels.
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]"
)
_LETTERS = str.maketrans({"ى": "ي", "ة": "ه", "ı": "i"})


def normalise(text: str) -> str:
    """`text` in NFKC without differences of case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def fold(text: str) -> str:
    """Normalised `text` without accents and vowel points, and with one form of alef, ya, ta marbuta and i."""
    if text.isascii():
        return text
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text)).translate(_LETTERS)
    return unicodedata.normalize("NFC", bare)  # puts Hangul and voiced kana together again
