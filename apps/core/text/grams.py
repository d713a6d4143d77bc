"""Runs of four letters: what survives a typo, an ending or a compound."""

from __future__ import annotations

import regex

from apps.core.text.folding import fold, normalise

GRAM_CHARS = 4
_NOT_WORD = regex.compile(r"[^\p{L}\p{M}\p{Nd}]++")


def word_line(text: str) -> str:
    """The folded words of `text` with one underscore before, between and behind them: what grams are counted in."""
    return f"_{_NOT_WORD.sub('_', fold(normalise(text))).strip('_')}_"


def grams(words: list[str]) -> list[str]:
    """The distinct grams of `words`, each word taken with an underscore at either end."""
    found: dict[str, None] = {}
    for word in words:
        bounded = f"_{word}_"
        for start in range(max(1, len(bounded) - GRAM_CHARS + 1)):
            found[bounded[start : start + GRAM_CHARS]] = None
    return list(found)
