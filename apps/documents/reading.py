"""A document's text as people read it: page by page, with the quoted words marked."""

from __future__ import annotations

import string
import unicodedata
from typing import NamedTuple

from apps.core.errors import NotFound
from apps.documents.models import DocumentVersion, Page

LOOKED_AT_CHARS = 200_000  # 0.3 s; a poster has a tenth of it, a page made to hold us up a hundred times as much
_MARKS = string.punctuation + "§¶«»„“”‘’‚‹›…–—。、！？「」『』（）؟،؛"


class ReadPage(NamedTuple):
    """A page's text in three parts; `marked` is empty where the quote does not stand on it."""

    page: Page
    page_count: int
    before: str
    marked: str
    after: str


def read_page(version: DocumentVersion, number: int, *, quote: str = "", start: int = 0) -> ReadPage:
    """Page `number` of `version`, `quote` marked where it stands (nearest to character `start`).

    Raises NotFound.
    """
    page = Page.objects.filter(version=version, number=number).first()
    if page is None:
        raise NotFound
    begin, end = find_quote(page.text, quote, start) or (0, 0)
    return ReadPage(page, version.pages, page.text[:begin], page.text[begin:end], page.text[end:])


def find_quote(text: str, quote: str, start: int = 0) -> tuple[int, int] | None:
    """The span of `quote` in `text`, nearest to `start`; None where it is not there.

    White space, letter case, ligatures and hyphens at line ends may differ, as they do between a page and what is copied from it.
    In a page without end it is looked for around `start` only.
    """
    wanted, _ = _letters(quote)
    if not wanted:
        return None
    first = max(0, start - LOOKED_AT_CHARS // 2)
    letters, places = _letters(text[first : first + LOOKED_AT_CHARS])
    found, at = [], letters.find(wanted)
    while at >= 0:
        found.append((first + places[at], first + places[at + len(wanted) - 1] + 1))
        at = letters.find(wanted, at + len(wanted))  # what overlaps is passed over: "aaa..." in "aaa..." would take for ever
    if not found:
        return None
    begin, end = min(found, key=lambda span: abs(span[0] - start))
    return _with_marks(text, quote, begin, end)


def _with_marks(text: str, quote: str, begin: int, end: int) -> tuple[int, int]:
    """The span widened by the quote's own punctuation before its first and after its last letter, where it stands in the text too."""
    opening = quote[: len(quote) - len(quote.lstrip(_MARKS))]
    closing = quote[len(quote.rstrip(_MARKS)) :]
    if opening and text.endswith(opening, 0, begin):
        begin -= len(opening)
    if closing and text.startswith(closing, end):
        end += len(closing)
    return begin, end


def _letters(text: str) -> tuple[str, list[int]]:
    """The letters, marks and digits of `text`, compatibility-folded, and where each stands in `text`."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for folded in unicodedata.normalize("NFKC", character).casefold():
            if unicodedata.category(folded)[0] in "LMN":
                letters.append(folded)
                places.append(place)
    return "".join(letters), places
