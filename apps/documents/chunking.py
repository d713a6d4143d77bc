"""Places to pieces: what search finds, and what an answer quotes.

Sentences are packed to 180 words with an overlap of about 20, 900 characters on average: the size whose evidence recall is
best over ten collections of questions (130 and 250 words lose up to two points on some of them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apps.core.text.sentences import sentence_spans
from apps.documents.parsing.places import Place

WORD = 100  # lengths are counted in hundredths of a word, so that sums are exact
MAX_WEIGHT = 180 * WORD
MAX_OVERLAP = 30 * WORD  # in whole sentences: about 20 words on average
MIN_REST = 30 * WORD
LETTER_RUN = 20  # a run of letters without a break counts as a word for each 20 of them: base64 is no sentence

_ATOM = re.compile(
    rf"(?P<han>[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])|(?P<thai>[\u0e00-\u0eff])"
    rf"|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u0e00-\u0eff]{{1,{LETTER_RUN}}}"
)
_LINE = re.compile(r"\S[^\n]*")
_WEIGHTS = {"han": 70, "thai": 22}


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage of one place: `text` is the place's `text[start:end]`, exactly."""

    place_number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    weight: int


def split(places: Sequence[Place]) -> Iterator[Piece]:
    """The pieces of all `places` in order; a place without text has none, and none crosses from one place to the next."""
    for place in places:
        for first, last in _packed(_sentences(place.text)):
            yield Piece(place.number, first.start, last.end, place.text[first.start : last.end])


def _sentences(text: str) -> list[_Span]:
    """The sentences of `text`, and parts of those that are longer than a piece may be."""
    return [part for start, end in sentence_spans(text) for part in _parts(text, start, end)]


def _parts(text: str, start: int, end: int) -> Iterator[_Span]:
    """One sentence as it is; a longer one line by line (a table, a list), and a longer line wherever it is full."""
    whole = list(_filled_with_words(text, start, end))
    if len(whole) == 1 or "\n" not in text[start:end]:
        yield from whole
        return
    for line in _LINE.finditer(text, start, end):
        yield from _filled_with_words(text, line.start(), line.end())


def _filled_with_words(text: str, start: int, end: int) -> Iterator[_Span]:
    weight, part_start, part_end = 0, start, start
    for atom in _ATOM.finditer(text, start, end):
        more = _WEIGHTS.get(atom.lastgroup or "", WORD)
        if weight + more > MAX_WEIGHT:
            yield _Span(part_start, part_end, weight)
            weight, part_start = 0, atom.start()
        weight += more
        part_end = atom.end()
    yield _Span(part_start, part_end, weight)


def _packed(sentences: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """First and last sentence of each piece."""
    first, stop = 0, 0
    while stop < len(sentences):
        stop = _filled(sentences, first)
        if _is_crumb(sentences, stop):
            stop = len(sentences)  # found for nothing and saying little if it stood alone
        yield sentences[first], sentences[stop - 1]
        first = _overlapped(sentences, first, stop)


def _filled(sentences: Sequence[_Span], first: int) -> int:
    """The index after the last sentence that still fits; one at least."""
    stop, weight = first + 1, sentences[first].weight
    while stop < len(sentences) and weight + sentences[stop].weight <= MAX_WEIGHT:
        weight += sentences[stop].weight
        stop += 1
    return stop


def _is_crumb(sentences: Sequence[_Span], start: int) -> bool:
    """Whether all that is left from `start` on is too short for a piece."""
    weight = 0
    for index in range(start, len(sentences)):
        weight += sentences[index].weight
        if weight >= MIN_REST:
            return False
    return True


def _overlapped(sentences: Sequence[_Span], first: int, stop: int) -> int:
    """Where the next piece begins: some sentences back, but after `first`, and with room for a new one."""
    if stop == len(sentences):
        return stop
    room = min(MAX_OVERLAP, MAX_WEIGHT - sentences[stop].weight)
    start = stop
    while start - 1 > first and sentences[start - 1].weight <= room:
        start -= 1
        room -= sentences[start].weight
    return start
