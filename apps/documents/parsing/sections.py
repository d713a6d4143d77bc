"""From blocks to places: what a reader pages through, and what a chunk never leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from apps.documents.parsing.places import PlaceKind, Reading

PLACE_MAX_CHARS = 6_000
SECTION_MIN_CHARS = 600  # a heading after less than this opens no place of its own: chunks would become crumbs
_BREAKS = (re.compile(r"\n[^\S\n]*\n\s*"), re.compile(r"\n"), re.compile(r"(?<=[.!?。！？।؟])\s?"), re.compile(r"\s"))


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, a table: what stands between two blank lines."""

    text: str
    heading: str = ""  # the heading's bare words, where it is one


@dataclass(slots=True)
class _Section:
    label: str = ""
    first_heading: str = ""
    parts: list[str] = field(default_factory=list)
    characters: int = 0
    has_body: bool = False

    def takes(self, block: Block) -> bool:
        return not block.heading or self.characters < SECTION_MIN_CHARS

    def append(self, block: Block) -> None:
        if block.heading and not self.has_body:
            self.label = block.heading  # the heading nearest to the text: "Holidays", not "Handbook"
        self.first_heading = self.first_heading or block.heading
        self.has_body = self.has_body or not block.heading
        self.parts.append(block.text)
        self.characters += len(block.text)


def add_sections(reading: Reading, blocks: Iterable[Block]) -> None:
    """Add the places of a document that has headings, or has none; its first heading is its title unless it has one."""
    for section in _sections(blocks):
        reading.suggest_title(section.first_heading)
        add_text(reading, "\n\n".join(section.parts), kind="section" if section.label else "text", label=section.label)


def add_text(reading: Reading, text: str, *, kind: PlaceKind = "text", label: str = "") -> None:
    """Add `text` as one place, or as several that break between paragraphs."""
    for part in split_long(text, PLACE_MAX_CHARS):
        reading.add(kind, part, label=label)


def split_long(text: str, max_chars: int) -> Iterator[str]:
    """Parts of at most `max_chars`, which together are `text` without the white space at each border."""
    text = text.strip()
    start = 0
    while len(text) - start > max_chars:
        end = _break_before(text, start, start + max_chars)
        if part := text[start:end].strip():
            yield part
        start = end
    if part := text[start:].strip():
        yield part


def _break_before(text: str, start: int, end: int) -> int:
    """The last border in the second half of the window: of paragraphs, else lines, sentences, words."""
    for pattern in _BREAKS:
        borders = [border.end() for border in pattern.finditer(text, start + (end - start + 1) // 2, end)]
        if borders:
            return borders[-1]
    return end


def _sections(blocks: Iterable[Block]) -> Iterator[_Section]:
    section = _Section()
    for block in blocks:
        if not block.text.strip():
            continue
        if not section.takes(block):
            yield section
            section = _Section()
        section.append(block)
    if section.parts:
        yield section
