"""What [n] stands for: bound once, when the marker is first shown, and never parsed out of the text later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.chat.markers import MARKER
from apps.chat.models import Citation
from apps.core.text.sentences import sentence_spans
from apps.core.text.terms import terms
from apps.documents.reading import find_quote
from apps.documents.search import Hit
from apps.inference.engines.base import QuotePiece

CLAIM_MAX_CHARS = 600
CLAIM_MIN_TERMS = 2
FOUND_FROM = 0.6  # share of the claim's words that the passage has
PARTLY_FROM = 0.25
NEAREST = 3
NEAREST_MAX_CHARS = 300

Found = Citation.Found


class Sources:
    """The passages offered to one answer, and the citations bound so far.

    An answer that another worker goes on with keeps the numbers that were shown: other passages under them are not offered.
    """

    def __init__(
        self,
        hits: Sequence[Hit],
        *,
        versions: Mapping[int, UUID],
        language: str,
        bound: Sequence[Mapping[str, Any]] = (),
        notes: Sequence[str] = (),
    ) -> None:
        """`notes` say what went wrong while the passages were searched for."""
        self.notes = notes
        self._hits = dict(enumerate(hits, start=1))
        self._versions, self._language = versions, language
        self._bound = {citation["n"] for citation in bound}
        for citation in bound:
            hit = self._hits.get(citation["n"])
            if hit and not (str(hit.document_id) == citation["document"] and hit.page == citation["page"]):
                del self._hits[citation["n"]]
        self._quotes: dict[int, QuotePiece] = {}

    @property
    def numbers(self) -> set[int]:
        """The numbers that an engine may cite passages by."""
        return set(self._hits)

    def announce(self, piece: QuotePiece) -> None:
        """From now on marker `piece.n` stands for the engine's own quote."""
        self._quotes[piece.n] = piece

    def bind(self, n: int, shown: str) -> dict[str, Any] | None:
        """The citation of marker `n`, which stands at the end of `shown`; None if it was bound before or cannot be."""
        if n in self._bound:
            return None
        quoted = self._quotes.get(n)
        hit = self._hits.get(quoted.passage if quoted else n)
        if hit is None:
            return None
        self._bound.add(n)
        if quoted:
            return self._entry(n, hit, quoted.quote, Found.FOUND)
        return self._entry(n, hit, *self._support(hit, claim_before(shown)))

    def nearest(self) -> list[dict[str, Any]]:
        """The best passages where nothing was cited: shown below the answer, never as sources."""
        return [
            {
                "document": str(hit.document_id),
                "title": hit.document_name,
                "page": hit.page,
                "place": hit.place,
                "quote": _shortened(hit.text),
            }
            for hit in list(self._hits.values())[:NEAREST]
        ]

    def _support(self, hit: Hit, claim: str) -> tuple[str, Found]:
        """The sentence of the passage that is nearest to the claim, and how much of the claim the passage has.

        A word counts the more, the fewer of the passage's sentences have it.
        """
        wanted = set(terms(claim, self._language))
        sentences = [hit.text[start:end] for start, end in sentence_spans(hit.text)] or [hit.text]
        words = [set(terms(sentence, self._language)) for sentence in sentences]
        spread = Counter(word for sentence in words for word in sentence)
        scores = [sum(1 / spread[word] for word in wanted & sentence) for sentence in words]
        share = len(wanted & spread.keys()) / len(wanted) if wanted else 0.0
        best = sentences[max(range(len(sentences)), key=scores.__getitem__)]
        return best, Found.FOUND if share >= FOUND_FROM else Found.PARTLY if share >= PARTLY_FROM else Found.MISSING

    def _entry(self, n: int, hit: Hit, quote: str, found: Found) -> dict[str, Any]:
        span = find_quote(hit.text, quote)
        version = self._versions.get(hit.chunk)
        return {
            "n": n,
            "document": str(hit.document_id),
            "version": str(version) if version else None,
            "title": hit.document_name,
            "page": hit.page,
            "place": hit.place,
            "start": hit.start + span[0] if span else hit.start,
            "end": hit.start + span[1] if span else hit.end,
            "quote": quote,
            "found": found.value if span else Found.MISSING.value,
        }


def claim_before(shown: str) -> str:
    """The sentence that the marker at the end of `shown` belongs to; with the one before it where it says next to nothing."""
    text = MARKER.sub(" ", shown[-CLAIM_MAX_CHARS:])
    spans = sentence_spans(text)
    if not spans:
        return text
    last = text[spans[-1][0] :]
    return last if len(last.split()) >= CLAIM_MIN_TERMS or len(spans) == 1 else text[spans[-2][0] :]


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= NEAREST_MAX_CHARS else line[: NEAREST_MAX_CHARS - 1].rsplit(" ", 1)[0] + "…"
