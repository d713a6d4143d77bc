"""Markers [n] in an answer that is still being written: what was not offered is taken out before anybody sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MARKER = re.compile(r"\[(\d{1,3})\]")
_NUMBER = re.compile(r"\d+")
_TOKEN = re.compile(
    r"""
      (?P<ticks>`+|~{3,})
    | (?P<end>\n)
    | (?P<marker>[ ]*\[[ ]?\d{1,3}(?:[ ]?[,;][ ]?\d{1,3}){0,9}[ ]?\])
    | (?P<text>[ \t]+|[^`~\n\[ \t]+|.)
    """,
    re.VERBOSE,
)
# What may still become a marker or a fence when more comes: at most some 60 characters are held back.
_UNDECIDED = re.compile(r"(?:`+|~+|[ ]+|[ ]*\[[\d ,;]{0,50})\Z")
_OPEN = re.compile(r"\[[\d ,;]*\Z")
TAIL_CHARS = 60


@dataclass
class MarkerFilter:
    """Lets text through, markers only where their number was offered; [1, 9] becomes [1]. Code is left as it is.

    `offered` may grow while the answer is written; `let_through` collects the numbers that were, for whoever empties it.
    """

    offered: set[int] = field(default_factory=set)
    let_through: list[int] = field(default_factory=list)
    _held: str = ""
    _fence: str = ""
    _span: str = ""
    _line_is_blank: bool = True
    _tail: str = ""

    def feed(self, piece: str) -> str:
        """What can be shown now; the rest is held back until it is decided."""
        text = self._held + piece
        undecided = _UNDECIDED.search(text)
        cut = undecided.start() if undecided else len(text)
        self._held = text[cut:]
        return self._let_through(text[:cut])

    def skip(self, shown: str) -> None:
        """Go on after `shown`, which came through before."""
        self._let_through(shown)
        self.let_through.clear()

    def finish(self) -> str:
        """What was held back: no more comes."""
        text, self._held = self._held, ""
        return self._let_through(text)

    def _let_through(self, text: str) -> str:
        shown = []
        for token in _TOKEN.finditer(text):
            shown.append(self._read(token))
            self._tail = (self._tail + shown[-1])[-TAIL_CHARS:]
        return "".join(shown)

    def _read(self, token: re.Match[str]) -> str:
        kind, text = token.lastgroup, token[0]
        if kind == "marker":
            self._line_is_blank = False
            return text if self._fence or self._span else self._offered(text)
        if kind == "end":
            if self._line_is_blank:
                self._span = ""  # a span of code ends with its paragraph at the latest
            self._line_is_blank = True
        elif kind == "ticks":
            self._read_ticks(text)
            self._line_is_blank = False
        elif not text.isspace():
            self._line_is_blank = False
        return text

    def _read_ticks(self, ticks: str) -> None:
        if self._fence:
            if self._line_is_blank and ticks.startswith(self._fence):
                self._fence = ""
        elif self._line_is_blank and len(ticks) >= 3:
            self._fence = ticks
        elif ticks[0] == "`":
            self._span = "" if self._span == ticks else self._span or ticks

    def _offered(self, marker: str) -> str:
        kept = [int(number) for number in _NUMBER.findall(marker) if int(number) in self.offered]
        self.let_through += kept
        space = marker[: len(marker) - len(marker.lstrip())]
        if kept:
            return space + "".join(f"[{number}]" for number in kept)
        return " " if _OPEN.search(self._tail) else ""  # what stood around it must not close up to a marker
