"""BM25 and the second look at its best candidates: arithmetic only, no rows.

BM25: Robertson and Zaragoza 2009, k1 = .9, b = .6. The average length is a constant, so a stored weight is never touched again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from apps.core.text.grams import grams, word_line
from apps.core.text.terms import QuestionWord, has_no_breaks, terms

K1 = 0.9
B = 0.6
CHUNK_TERMS = 120
CHUNK_CHARS = 700
GRAMS_SHARE = 0.3
PAIRS_SHARE = 0.52


@dataclass(frozen=True, slots=True)
class Question:
    """A question's words, and the idf of each of their variants that the workspace knows."""

    words: Sequence[QuestionWord]
    idf: Mapping[str, float]
    unknown_idf: float

    def best_idf(self, word: QuestionWord) -> float:
        """What `word` says under its best variant; a word that stands nowhere says the most."""
        return max((self.idf[term] for term in word.variants if term in self.idf), default=self.unknown_idf)


class Candidate(NamedTuple):
    """A chunk with its score of the first stage."""

    text: str
    language: str
    score: float


class SecondLook(NamedTuple):
    """The candidates' final scores in their order, and the highest score that any text could have reached."""

    scores: list[float]
    possible: float


def idf(df: float, chunks: float) -> float:
    """How much a term says that stands in `df` of `chunks` chunks; never negative."""
    return math.log1p((max(chunks - df, 0) + 0.5) / (df + 0.5))


def saturation(count: float, length: float, usual_length: float) -> float:
    """BM25's weight of a term that stands `count` times in a text of `length`: below K1 + 1, whatever the count."""
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / usual_length))


def chunk_weights(chunk_terms: Sequence[str]) -> dict[str, float]:
    """The stored weight of each term of a chunk."""
    return {term: saturation(count, len(chunk_terms), CHUNK_TERMS) for term, count in Counter(chunk_terms).items()}


def second_look(question: Question, candidates: Sequence[Candidate]) -> SecondLook:
    """Scores by terms, four-letter grams and neighbouring words; grams are weighed by how few of the candidates have them."""
    gram_scores, possible_grams = _gram_scores(question, [candidate.text for candidate in candidates])
    pairs = _question_pairs(question)
    scores = [
        candidate.score + GRAMS_SHARE * grams_score + PAIRS_SHARE * _pairs_score(pairs, candidate)
        for candidate, grams_score in zip(candidates, gram_scores, strict=True)
    ]
    possible_words = (K1 + 1) * sum(question.best_idf(word) for word in question.words)
    possible_pairs = sum(max(pair.values()) for pair in pairs)
    return SecondLook(scores, possible_words + GRAMS_SHARE * possible_grams + PAIRS_SHARE * possible_pairs)


def _gram_scores(question: Question, texts: Sequence[str]) -> tuple[list[float], float]:
    lines = [word_line(text) for text in texts]
    scores = [0.0] * len(lines)
    possible = 0.0
    for gram in grams([word.text for word in question.words]):
        counts = [line.count(gram) for line in lines]
        weight = idf(sum(map(bool, counts)), len(lines))
        possible += weight * (K1 + 1)
        for at, count in enumerate(counts):
            if count:
                scores[at] += weight * saturation(count, len(lines[at]), CHUNK_CHARS)
    return scores, possible


def _question_pairs(question: Question) -> list[dict[tuple[str, str], float]]:
    """For every two neighbouring words: the pairs of terms they may stand under, with the idf of the lesser one."""
    pairs = []
    for first, second in pairwise(question.words):
        if has_no_breaks(first.text) or has_no_breaks(second.text):
            continue
        known = ((one, other) for one in first.variants for other in second.variants if one in question.idf and other in question.idf)
        if values := {pair: min(question.idf[pair[0]], question.idf[pair[1]]) for pair in known}:
            pairs.append(values)
    return pairs


def _pairs_score(pairs: Sequence[Mapping[tuple[str, str], float]], candidate: Candidate) -> float:
    if not pairs:
        return 0.0
    neighbours = set(pairwise(terms(candidate.text, candidate.language)))
    return sum(max((value for pair, value in values.items() if pair in neighbours), default=0.0) for values in pairs)
