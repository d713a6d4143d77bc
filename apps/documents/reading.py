"""A document's text as people read it: page by page, with the quoted words marked."""

from __future__ import annotations

import string
import unicodedata
from typing import NamedTuple

from django.db.models.functions import Left

from apps.core.errors import NotFound
from apps.documents.finding import Hits
from apps.documents.models import DocumentVersion, Page
from apps.documents.structure import Block, Span, blocks, parts_of

LOOKED_AT_CHARS = 200_000  # 0.3 s; a poster has a tenth of it, a page made to hold us up a hundred times as much
CONTENTS_MAX = 1000
BEGINNING_CHARS = 80
_MARKS = string.whitespace + string.punctuation + "§¶«»„“”‘’‚‹›…–—。、！？「」『』（）؟،؛"


class ReadPage(NamedTuple):
    """A page as it is shown.

    `marked` is the quote as it stands there, "" where it does not; `nth` says at which of its places (0 is the first).
    `is_pdf`: the file can be shown as it is.
    """

    page: Page
    page_count: int
    is_pdf: bool
    blocks: list[Block]
    marked: str
    nth: int


class Entry(NamedTuple):
    """A line of the list of pages.

    `label` is the place's own, or the first words of a page; `times` says how often what is looked for stands there.
    """

    number: int
    label: str
    times: int


def contents_of(version: DocumentVersion, hits: Hits | None = None) -> list[Entry]:
    """The first CONTENTS_MAX pages of `version`."""
    times = {page.number: page.times for page in hits.pages} if hits else {}
    pages = Page.objects.filter(version=version).order_by("number").annotate(beginning=Left("text", BEGINNING_CHARS))[:CONTENTS_MAX]
    rows = pages.values_list("number", "kind", "label", "beginning")
    return [Entry(number, _first_line(words) if kind == "page" else label, times.get(number, 0)) for number, kind, label, words in rows]


def _first_line(words: str) -> str:
    return words.strip().partition("\n")[0]


def read_page(version: DocumentVersion, number: int, *, quote: str = "", start: int = 0) -> ReadPage:
    """Page `number` of `version`, `quote` marked where it stands (nearest to character `start`).

    Raises NotFound.
    """
    page = Page.objects.filter(version=version, number=number).first()
    if page is None:
        raise NotFound
    spans = quote_spans(page.text, quote, start)
    span = _nearest(spans, start)
    parts = parts_of(page.text, kind=version.kind, place=page.kind, label=page.label)
    marked = page.text[slice(*span)] if span else ""
    shown = blocks(page.text, parts, [span] if span else [])
    return ReadPage(page, version.pages, version.kind == "pdf", shown, marked, spans.index(span) if span else 0)


def find_quote(text: str, quote: str, start: int = 0) -> Span | None:
    """The span of `quote` in `text`, nearest to `start`; None where it is not there."""
    return _nearest(quote_spans(text, quote, start), start)


def _nearest(spans: list[Span], start: int) -> Span | None:
    return min(spans, key=lambda span: abs(span[0] - start), default=None)


def quote_spans(text: str, quote: str, start: int = 0) -> list[Span]:
    """Where `quote` stands in `text`, in order.

    White space, letter case, ligatures and hyphens at line ends may differ, as they do between a page and what is copied from it.
    In a page without end it is looked for around `start` only.
    """
    wanted, _ = _letters(quote)
    if not wanted:
        return []
    first = max(0, start - LOOKED_AT_CHARS // 2)
    letters, places = _letters(text[first : first + LOOKED_AT_CHARS])
    found, at = [], letters.find(wanted)
    while at >= 0:
        found.append(_with_marks(text, quote, first + places[at], first + places[at + len(wanted) - 1] + 1))
        at = letters.find(wanted, at + len(wanted))  # what overlaps is passed over: "aaa..." in "aaa..." would take for ever
    return found


def _with_marks(text: str, quote: str, begin: int, end: int) -> Span:
    """The span widened by the quote's own punctuation before its first and after its last letter, as far as the text has the same."""
    opening = quote[: len(quote) - len(quote.lstrip(_MARKS))]
    closing = quote[len(quote.rstrip(_MARKS)) :]
    before = text[max(0, begin - 2 * len(quote)) : begin]
    return begin - _same_signs(before[::-1], opening[::-1]), end + _same_signs(text[end : end + 2 * len(quote)], closing)


def _same_signs(found: str, wanted: str) -> int:
    """How far into `found` the signs of `wanted` go, white space between them passed over."""
    far = at = 0
    for sign in wanted.split():
        for mark in sign:
            at += len(found[at:]) - len(found[at:].lstrip())
            if found[at : at + 1] != mark:
                return far
            far = at = at + 1
    return far


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
