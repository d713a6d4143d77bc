"""HTML: what a browser would show, without scripts, styles and navigation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from apps.documents.parsing.decode import decode
from apps.documents.parsing.markup import html_tree
from apps.documents.parsing.places import Reading, storable
from apps.documents.parsing.sections import Block, add_sections

DECLARED_WITHIN_BYTES = 4096
_DECLARED = re.compile(rb"""(?i)(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""")
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SKIPPED = frozenset({"script", "style", "template", "nav", "head", "iframe", "select", "button"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "ol", "p", "section", "summary", "table", "ul"}
)
_SPACES = re.compile(r"[^\S\n]*\n[^\S\n]*|[^\S\n]+")


def read(data: bytes, reading: Reading) -> None:
    """Add the sections of the page. Raises Damaged, OutOfMemory, TooLargeInside."""
    title, blocks = parse(data)
    reading.suggest_title(title)
    add_sections(reading, blocks)


def parse(data: bytes) -> tuple[str, Iterator[Block]]:
    """The page's title and its blocks in order. Raises Damaged, OutOfMemory, TooLargeInside."""
    declared = _DECLARED.search(data, 0, DECLARED_WITHIN_BYTES)
    text = storable(decode(data, declared[1].decode("ascii") if declared else ""))
    root = html_tree(text)
    if root is None:  # nothing but comments
        return "", iter(())
    return root.findtext(".//title") or "", _Walk().blocks(root)


class _Walk:
    """One pass over the tree, without recursion: pages nest as deep as their authors like."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._heading = False
        self._pre = 0
        self._cells = 0

    def blocks(self, root: etree._Element) -> Iterator[Block]:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                yield from self._leave(element)
            elif element.tag in _SKIPPED or element.get("epub:type") == "noteref":
                walk.skip_subtree()
            else:
                yield from self._enter(element)
        yield from self._flush()

    def _enter(self, element: etree._Element) -> Iterator[Block]:
        tag = element.tag
        if tag in _HEADINGS or tag == "pre" or (tag in _BLOCKS and not self._cells):
            yield from self._flush()
        self._heading = self._heading or tag in _HEADINGS
        self._pre += tag == "pre"
        self._cells += tag in ("td", "th")
        if tag in ("td", "th") and element.getprevious() is not None:
            self._pieces.append(" | ")
        if tag in ("br", "tr"):
            self._pieces.append("\n")
        self._take(element.text)

    def _leave(self, element: etree._Element) -> Iterator[Block]:
        tag = element.tag
        if tag in _HEADINGS or tag == "pre" or (tag in _BLOCKS and not self._cells):
            yield from self._flush()
        elif tag in _BLOCKS:
            self._pieces.append(" ")  # a paragraph inside a cell
        if tag not in _SKIPPED:
            self._pre -= tag == "pre"
            self._cells -= tag in ("td", "th")
        self._take(element.tail)

    def _take(self, text: str | None) -> None:
        if text:
            self._pieces.append(text if self._pre else " ".join(re.split(r"\s+", text)))

    def _flush(self) -> Iterator[Block]:
        text = "".join(self._pieces)
        is_heading, self._heading = self._heading, False
        self._pieces = []
        if not self._pre:
            text = _SPACES.sub(lambda space: "\n" if "\n" in space[0] else " ", text).strip()
        if text.strip():
            yield Block(text.strip("\n"), heading=" ".join(text.split()) if is_heading else "")
