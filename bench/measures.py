"""How well search finds, and how well quotes answer: the measures themselves.

A document counts once, at the first position where one of its passages stands. Evidence is found in a passage of the
right document that holds its letters, or, from 40 letters on, four fifths of its runs of twelve: a sentence may be cut.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DEPTH = 10
BUDGET_CHARS = 4_000
RUN_LETTERS = 12
LONG_EVIDENCE_LETTERS = 40
RUNS_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Result:
    """A passage that was returned: its document's name and its text."""

    document: str
    text: str


def letters(text: str) -> str:
    """Letters, marks and digits of `text`, whatever their form and case."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(sign for sign in folded if sign.isalnum() or unicodedata.category(sign).startswith("M"))


def holds(text: str, evidence: str) -> bool:
    """Whether `evidence` stands in `text`; both are letters only."""
    if not evidence or evidence in text:
        return bool(evidence)
    if len(evidence) < LONG_EVIDENCE_LETTERS:
        return False
    runs = [evidence[start : start + RUN_LETTERS] for start in range(len(evidence) - RUN_LETTERS + 1)]
    return sum(run in text for run in runs) >= RUNS_SHARE * len(runs)


def hits_at(k: int, results: Sequence[Result], relevant: Iterable[str]) -> float:
    """1 where one of the first `k` results is of a relevant document."""
    return float(not {result.document for result in results[:k]}.isdisjoint(relevant))


def ndcg(results: Sequence[Result], relevant: Iterable[str]) -> float:
    """Normalised discounted cumulative gain of the first ten results; each relevant document gains once."""
    wanted = set(relevant)
    ideal = sum(1 / math.log2(position + 1) for position in range(1, min(len(wanted), DEPTH) + 1))
    gain = 0.0
    for position, result in enumerate(results[:DEPTH], 1):
        if result.document in wanted:
            wanted.remove(result.document)
            gain += 1 / math.log2(position + 1)
    return gain / ideal


def evidence_recall(results: Sequence[Result], relevant: Iterable[str], evidence: Iterable[str]) -> float:
    """The share of `evidence` in the first 4,000 characters of results, read in order."""
    wanted = {letters(string) for string in evidence}
    right = set(relevant)
    found: set[str] = set()
    left = BUDGET_CHARS
    for result in results:
        text = result.text[: max(left, 0)]
        left -= len(text)
        if result.document in right:
            read = letters(text)
            found |= {string for string in wanted if holds(read, string)}
    return len(found) / len(wanted)


def answered_by(quotes: Sequence[str], answers: Iterable[str]) -> bool:
    """Whether one of `answers` stands in one of `quotes`, as whole words."""
    wanted = [_words(answer) for answer in answers]
    return any(f" {answer} " in f" {_words(quote)} " for quote in quotes for answer in wanted)


def _words(text: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in unicodedata.normalize("NFKC", text).casefold()).split())


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
