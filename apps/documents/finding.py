"""Search inside one document: on which pages some words stand, and how often."""

from __future__ import annotations

import re
from typing import NamedTuple

from apps.core.text.folding import fold, normalise
from apps.documents.models import DocumentVersion, Page
from apps.documents.structure import parts_of, shown

LOOKED_AT_CHARS = 20_000_000  # 1.5 s
HITS_MAX = 10_000
_GAP = re.compile(r"[\W_]+")
_INDIC_SIGNS = re.compile(r"[\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")
_GAP_OF_INDIC = re.compile(r"[\s!-/:-@\[-`{-~\u00a0-\u00bf\u0964\u0965\u2000-\u206f\u3000-\u303f]+")  # their vowels are no \w
_BETWEEN_HAN = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff])\s+(?=[\u3040-\u30ff\u3400-\u9fff])")


class PageHits(NamedTuple):
    """How often the words stand on a page."""

    number: int
    label: str
    times: int


class Hits(NamedTuple):
    """Where words stand in a document. `until` is the last page that was looked at, 0 where all were."""

    pages: list[PageHits]
    total: int
    until: int


def find_in(version: DocumentVersion, query: str) -> Hits:
    """The pages of `version` on which `query` stands; case, accents, line ends and punctuation may differ."""
    wanted = _comparable(query).strip()
    found: list[PageHits] = []
    total = looked_at = until = 0
    if not wanted:
        return Hits(found, total, until)
    for page in Page.objects.filter(version=version).order_by("number").iterator(chunk_size=200):
        times = _comparable(_shown(version, page)).count(wanted)
        if times:
            found.append(PageHits(page.number, page.label, times))
        total += times
        looked_at += len(page.text)
        if looked_at > LOOKED_AT_CHARS or total > HITS_MAX:
            until = page.number if page.number < version.pages else 0
            break
    return Hits(found, total, until)


def _shown(version: DocumentVersion, page: Page) -> str:
    return shown(page.text, parts_of(page.text, kind=version.kind, place=page.kind, label=page.label))


def _comparable(text: str) -> str:
    """The words of `text`, folded, with one space between them; static/js/matching.js compares in the same way."""
    gap = _GAP_OF_INDIC if _INDIC_SIGNS.search(text) else _GAP
    return gap.sub(" ", fold(normalise(_BETWEEN_HAN.sub("", text))))
