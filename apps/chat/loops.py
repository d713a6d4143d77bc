"""Whether an answer repeats itself without end, as small models do (llama.cpp #21365): told from its last thousands of characters.

Looked at once in LOOK_CHARS, with the string search of C. What people want long and alike (tables, lists of numbered rows, arrays,
refrains) differs in a number here and there, or is shorter than what is asked for here.
"""

from __future__ import annotations

import re

LOOK_CHARS = 256
PERIOD_MAX_CHARS = 2_000
REPEATED_CHARS = 3_000  # and three times the period: 600 words, or 8 times a paragraph
REPEATED_SIGNS_CHARS = 8_000  # where not a letter is in it, as in an array of zeros
GRAM_CHARS = 48
BACK_CHARS = (0, 97, 211)  # a period is looked for behind three places: at one of them its part may look like a shorter one
BLANK_CHARS = 1_000
WINDOW_WORDS = 1_200
WORDS = 6
NEW_FROM = 0.05  # a loop with noise in it: fewer of its runs of six words are new
KEPT_CHARS = REPEATED_SIGNS_CHARS + 4 * PERIOD_MAX_CHARS
_LETTER = re.compile(r"[^\W\d_]")


class LoopDetector:
    """Reads a text as it comes, in pieces of any size."""

    def __init__(self) -> None:
        self._text = ""
        self._pieces: list[str] = []
        self._unseen = 0
        self._unweighed = 0
        self.repeats = False

    def feed(self, piece: str) -> bool:
        """Whether the text repeats itself by now; once it does, it does."""
        self._pieces.append(piece)
        self._unseen += len(piece)
        if self._unseen >= LOOK_CHARS and not self.repeats:
            self._look()
        return self.repeats

    def _look(self) -> None:
        self._text = "".join([self._text, *self._pieces])[-KEPT_CHARS:]
        self._unweighed += self._unseen
        self._pieces, self._unseen = [], 0
        self.repeats = self._text[-BLANK_CHARS:].isspace() and len(self._text) >= BLANK_CHARS
        self.repeats = self.repeats or self._has_period() or self._says_nothing_new()

    def _has_period(self) -> bool:
        """Whether the end of the text is one part over and over, letter by letter."""
        ends = [len(self._text) - back for back in BACK_CHARS if back + GRAM_CHARS < len(self._text)]
        return any(self._repeats_every(period) for period in {self._period_before(end) for end in ends} if period)

    def _period_before(self, end: int) -> int:
        """How far back the last words before `end` stand once more; 0 where they do not."""
        start = end - GRAM_CHARS
        found = self._text.rfind(self._text[start:end], max(0, start - PERIOD_MAX_CHARS), end - 1)
        return start - found if found >= 0 else 0

    def _repeats_every(self, period: int) -> bool:
        text = self._text
        wanted = 3 * period + (REPEATED_CHARS if _LETTER.search(text[-period:]) else REPEATED_SIGNS_CHARS)
        return len(text) >= wanted and text[-wanted + period :] == text[-wanted:-period]

    def _says_nothing_new(self) -> bool:
        """Whether the last words are a few runs of words again and again, in whatever order. Looked at once in a window."""
        if self._unweighed < KEPT_CHARS // 8:
            return False
        self._unweighed = 0
        words = self._text.split()[-WINDOW_WORDS:]
        if len(words) < WINDOW_WORDS:
            return False
        runs = {tuple(words[start : start + WORDS]) for start in range(len(words) - WORDS + 1)}
        return len(runs) < NEW_FROM * len(words)
