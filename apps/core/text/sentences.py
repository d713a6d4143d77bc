"""Where the sentences of a text begin and end, in any language, by rules alone."""

from __future__ import annotations

import re

_CLOSERS = r"[\"'”’»›)\]}」』】）]*+"
# A run of stops is taken from its first sign only, so that a megabyte of dots costs one pass.
_BOUNDARY = re.compile(
    rf"""
      (?P<blank>\n[^\S\n]*+\n\s*+)
    | [。！？｡।॥؟۔။។]++{_CLOSERS}
    | (?<![.!?…])(?P<stop>[.!?…]++){_CLOSERS}(?=\s|\Z)
    | (?<=[\u0e01-\u0e45\u0e47-\u0eff])\s++(?=[\u0e01-\u0eff])  # Thai and Lao end a sentence with a space; not after ๆ
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*+")
_NEXT_WORD = re.compile(r"\s*+[\"'“‘„«‹(\[{¿¡]*+(\w*)")
_LAST_WORD = re.compile(r"[^\s\"'“‘„«‹(\[{/–—]*\Z")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_LAST_WORD_MAX_CHARS = 24


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_ABBREVIATIONS = _words(
    "mr mrs ms dr prof st mt ft gen gov sen rep col capt cmdr lt sgt maj rev hon messrs vs cf viz al approx dept est "
    "bzw ca evtl ggf inkl sog vgl hrsg geb gest mme mlle sra srta dra dña sig им ул см тыс млн млрд"
)
_BEFORE_NUMBER = _words(
    "no nos nr nrs fig figs vol vols p pp ch sec art abs bd kap jan feb mar apr jun jul aug sep sept oct nov dec str стр рис"
)
_AFTER_ORDINAL = _words(
    "januar februar märz april mai juni juli august september oktober november dezember jänner "
    "jahrhundert jahrhunderts marts maj desember december"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The character span of every sentence, in order, without the white space around it.

    A blank line always ends a sentence, a single line break never does: text from a page is broken anywhere.
    """
    spans: list[tuple[int, int]] = []
    start = _skip_space(text, 0)
    for boundary in _BOUNDARY.finditer(text):
        if boundary.end() <= start or (boundary["stop"] and not _ends_sentence(text, start, boundary)):
            continue
        spans.append((start, _end_without_space(text, start, boundary.end())))
        start = _skip_space(text, boundary.end())
    if start < len(text):
        spans.append((start, _end_without_space(text, start, len(text))))
    return spans


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _end_without_space(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())


def _ends_sentence(text: str, start: int, boundary: re.Match[str]) -> bool:
    following = _next_word(text, boundary.end())
    if following[:1].islower():
        return False
    if boundary["stop"] != ".":
        return True
    at = boundary.start("stop")
    last = _LAST_WORD.search(text, max(start, at - _LAST_WORD_MAX_CHARS), at)
    word = last[0] if last else ""
    return not _is_inside_sentence(word, following, is_first_word=at - len(word) <= start)


def _next_word(text: str, at: int) -> str:
    found = _NEXT_WORD.match(text, at)
    return found[1] if found else ""


def _is_inside_sentence(word: str, following: str, *, is_first_word: bool) -> bool:
    """Whether the full stop between `word` and `following` belongs to the word: initial, abbreviation, number of a list or date."""
    folded = word.casefold()
    if folded in _ABBREVIATIONS:
        return True
    if folded in _BEFORE_NUMBER:
        return following[:1].isdigit()
    if word.isdecimal():
        return len(word) < 3 and (is_first_word or following.casefold() in _AFTER_ORDINAL)
    return word != "I" and _INITIALS.fullmatch(word) is not None and (word.isupper() or "." in word)
