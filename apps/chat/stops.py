"""Texts at which a program wants its answer to end: found across pieces, and never shown."""

from __future__ import annotations

from collections.abc import Sequence


class StopFilter:
    """Lets text through up to the first of `stops`; what may still become one is held back."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.has_stopped = False

    def feed(self, piece: str) -> str:
        """What can be shown now; nothing any more once a stop was found."""
        if self.has_stopped:
            return ""
        text = self._held + piece
        found = [start for stop in self._stops if (start := text.find(stop)) >= 0]
        self.has_stopped = bool(found)
        cut = min(found) if found else len(text) - self._undecided(text)
        self._held = "" if found else text[cut:]
        return text[:cut]

    def finish(self) -> str:
        """What was held back: no more comes."""
        text, self._held = self._held, ""
        return text

    def _undecided(self, text: str) -> int:
        """How many of the last characters are the beginning of a stop."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        ends = range(min(longest, len(text)), 0, -1)
        return next((size for size in ends if any(stop.startswith(text[-size:]) for stop in self._stops)), 0)
