"""Which old encoding a text in Latin letters is in: the one in which its letters beyond ASCII all belong to one language.

A general guesser takes a Spanish text of Windows for Korean and a French one for Lithuanian: few of its letters are not ASCII.
"""

from __future__ import annotations

import re
from collections import Counter

ENCODINGS = ("cp1252", "cp1250", "iso8859-2", "cp1254", "cp1257", "mac_roman", "cp850", "mac_latin2", "cp852")  # the likelier first
COVERED_MIN = 0.97
FOREIGN_SHARE_MAX = 0.35  # of all letters; other scripts have far more
_LANGUAGES = (
    "äöüßéà", "àâæçéèêëîïôœùûüÿ", "áéíóúüñºª", "áàâãçéêíóôõúüºª", "àèéìíîòóùú", "áéíóúäëïöüèàç", "åäöæøéü", "áðéíóúýþæö", "àçèéíïòóúü",
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "çğıöşüâîû", "ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž",
)  # fmt: skip
_ALWAYS_THERE = {"áðéíóúýþæö": "ð"}  # Icelandic would pass for Turkish
_ALPHABETS = tuple((frozenset(letters + letters.upper()) | {"İ"}, _ALWAYS_THERE.get(letters, "")) for letters in _LANGUAGES)
_SIGNS = frozenset("“”„‘’‚‹›«»–—…•·€£§°©®™¿¡´²³½¼×\xa0\xad")
_SIGN_INSIDE_A_WORD = re.compile(r"[^\W\d_][“”„‚‹›«»…•€£§°©®™¿¡][^\W\d_]")


def latin_encoding(data: bytes) -> str:
    """The name of the encoding, or "" where `data` is in no Latin letters, or in none of these."""
    letters = sum(65 <= byte & 0xDF <= 90 for byte in data)
    foreign = sum(byte > 127 for byte in data)
    if foreign > FOREIGN_SHARE_MAX * (letters + foreign):
        return ""
    scores = {encoding: _score(data, encoding) for encoding in ENCODINGS}
    best = max(ENCODINGS, key=lambda encoding: scores[encoding])  # of equals the first
    return best if scores[best] >= COVERED_MIN else ""


def _score(data: bytes, encoding: str) -> float:
    """How many of the signs beyond ASCII belong to the language that has most of them."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return 0
    found = Counter(character for character in text if character > "\x7f")
    spoken = [alphabet for alphabet, always in _ALPHABETS if always in found or not always]
    good = max(sum(count for character, count in found.items() if character in alphabet or character in _SIGNS) for alphabet in spoken)
    return (good - len(_SIGN_INSIDE_A_WORD.findall(text))) / max(found.total(), 1)
