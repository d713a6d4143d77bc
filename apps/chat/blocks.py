"""An answer as safe HTML, block by block: each block is rendered and sanitised once, alone, and never changes.

`render(text)` is the joined HTML of the blocks that `BlockReader` finds, whatever the pieces were in which the text came.
What would reach from one block into another (link definitions) is not supported.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from apps.chat.markdown import render_block

_FENCE = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)]|>)[ \t]+)*(`{3,}|~{3,})(.*)")
_ITEM = re.compile(r"[ ]{0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_HEADING = re.compile(r"[ ]{0,3}#{1,6}(?:[ \t]|$)")


@dataclass(frozen=True, slots=True)
class Block:
    """A finished block: how many characters of the text it takes, line ends included, and its HTML."""

    text: str
    html: str

    @property
    def take(self) -> int:
        """Its length as browsers count it, in UTF-16 units."""
        return len(self.text) + sum(character > "\uffff" for character in self.text)


@dataclass
class BlockReader:
    """Cuts a growing text into blocks, line by line: each line is looked at once, so the cost is linear.

    A blank line ends a block, but not inside fenced code; a list goes on after a blank line with its next item or an indented line.
    `markers` are the numbers that become buttons; it may grow.
    """

    markers: Collection[int] = ()
    _line: list[str] = field(default_factory=list)
    _block: list[str] = field(default_factory=list)
    _fence: str = ""
    _has_words: bool = False
    _is_list: bool = False
    _after_blank: bool = False

    def feed(self, text: str) -> list[Block]:
        """The blocks that `text` has finished."""
        *lines, rest = text.split("\n")
        finished: list[Block] = []
        for line in lines:
            finished += self._add("".join([*self._line, line, "\n"]))
            self._line = []
        if rest:
            self._line.append(rest)
        return finished

    def finish(self) -> list[Block]:
        """The blocks that were still open: no more text comes."""
        last, self._line = "".join(self._line), []
        finished = self._add(last) if last else []
        return finished + self._close()

    def _add(self, line: str) -> list[Block]:
        is_blank = line.isspace()
        finished = self._close() if self._begins_anew(line, is_blank=is_blank) else []
        if not self._has_words and not is_blank:
            self._has_words = True
            self._is_list = bool(_ITEM.match(line))
        self._block.append(line)
        was_fenced = bool(self._fence)
        self._follow_fence(line)
        self._after_blank = is_blank and not self._fence
        if self._has_words and not self._is_list and not self._fence and (is_blank or was_fenced or _HEADING.match(line)):
            finished += self._close()
        return finished

    def _begins_anew(self, line: str, *, is_blank: bool) -> bool:
        """Whether a list that was followed by a blank line is over."""
        return self._is_list and self._after_blank and not is_blank and line[0] not in " \t" and not _ITEM.match(line)

    def _follow_fence(self, line: str) -> None:
        fence = _FENCE.match(line)
        if fence is None:
            return
        ticks, rest = fence[1], fence[2]
        if not self._fence:
            if not (ticks[0] == "`" and "`" in rest):
                self._fence = ticks
        elif ticks.startswith(self._fence) and not rest.strip():
            self._fence = ""

    def _close(self) -> list[Block]:
        text, self._block = "".join(self._block), []
        self._fence, self._has_words, self._is_list, self._after_blank = "", False, False, False
        return [Block(text, render_block(text, self.markers))] if text else []


def render(text: str, markers: Collection[int] = ()) -> str:
    """The whole text as safe HTML; the numbers in `markers` become buttons."""
    reader = BlockReader(markers)
    return "".join(block.html for block in [*reader.feed(text), *reader.finish()])
