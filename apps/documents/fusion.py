"""Words and meaning in one order: arithmetic only, no rows.

The convex sum of both scores, each spread from 0 to 1 over the candidates, beat reciprocal ranks on eight sets of questions
(docs/decisions/0014). The raw scores are kept beside it, as the spread ones do not tell a good hit from the best of bad ones.
"""

from __future__ import annotations

from collections.abc import Sequence

WORDS_SHARE = 0.6


def fused(words: Sequence[float], nearness: Sequence[float | None]) -> list[float]:
    """One score a candidate, 0 to 1. A candidate without a vector stands where its words put it."""
    by_words = _spread(words)
    known = [value for value in nearness if value is not None]
    if not known:
        return by_words
    low, wide = min(known), max(known) - min(known)
    return [
        WORDS_SHARE * word + (1 - WORDS_SHARE) * ((value - low) / wide if wide else 1.0) if value is not None else word
        for word, value in zip(by_words, nearness, strict=True)
    ]


def _spread(values: Sequence[float]) -> list[float]:
    low, wide = min(values, default=0.0), max(values, default=0.0) - min(values, default=0.0)
    return [(value - low) / wide if wide else float(value > 0) for value in values]
