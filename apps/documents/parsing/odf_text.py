"""The words of OpenDocument: paragraphs with what hangs on them, tables, and what embedded charts say."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml.etree import _Element

from apps.documents.parsing.markup import attribute, tag_name
from apps.documents.parsing.sections import Block

MAX_SPACES = 100
_ASIDE = frozenset(
    {"note", "footnote", "endnote", "annotation", "frame", "text-box", "custom-shape", "g", "rect", "line", "ellipse", "circle"}
    | {"polygon", "polyline", "path", "connector", "caption", "control", "regular-polygon", "measure"}
)
_NOT_SHOWN = frozenset(
    {"tracked-changes", "forms", "sequence-decls", "variable-decls", "user-field-decls", "dde-connection-decls", "ruby-text", "scripts"}
    | {"note-citation", "footnote-citation", "endnote-citation", "event-listeners", "title", "desc", "creator", "date", "date-string"}
    | {"animations", "par", "settings", "image-map"}
)


class Words:
    """Reads elements into blocks; `embedded` gives the content of an object by the name it is kept under, or None."""

    def __init__(self, embedded: Callable[[str], _Element | None]) -> None:
        self._embedded = embedded

    def blocks(self, element: _Element) -> Iterator[Block]:
        """What stands in `element`, in order."""
        for below in element:
            name = tag_name(below)
            if name in ("p", "h"):
                yield from self._paragraph(below, is_heading=name == "h")
            elif name == "table":
                yield Block("\n".join(self.rows(below)))
            elif name == "object":
                yield Block(self._object(below))
            elif name not in _NOT_SHOWN:
                yield from self.blocks(below)

    def flat(self, element: _Element) -> str:
        """All of it on one line."""
        return " ".join(" ".join(block.text for block in self.blocks(element)).split())

    def flat_paragraph(self, paragraph: _Element) -> str:
        """The words of one paragraph and of what hangs on it, on one line."""
        return " ".join(" ".join(block.text for block in self._paragraph(paragraph, is_heading=False)).split())

    def lines(self, element: _Element) -> str:
        """All of it, a line for each block."""
        return "\n".join(block.text for block in self.blocks(element) if block.text)

    def rows(self, table: _Element) -> Iterator[str]:
        """The filled rows of a table in a text, those of a table in a cell being part of that cell."""
        for row in table.iter("{*}table-row"):
            if next(row.iterancestors("{*}table")) is table:
                cells = [self.flat(cell) for cell in row if tag_name(cell) == "table-cell"]
                if any(cells):
                    yield " | ".join(cells)

    def _paragraph(self, paragraph: _Element, *, is_heading: bool) -> Iterator[Block]:
        """The paragraph, then the notes, comments and text boxes that hang on it."""
        asides: list[_Element] = []
        text = "".join(_inline(paragraph, asides)).strip()
        yield Block(text, heading=" ".join(text.split()) if is_heading else "")
        for aside in asides:
            yield from self.blocks(aside)

    def _object(self, element: _Element) -> str:
        """The titles and the numbers of a chart; other objects have a picture beside them only."""
        href = attribute(element, "href")
        root = self._embedded(href) if href else element  # a flat file has it in the place
        chart = None if root is None else next(root.iter("{*}plot-area"), None)
        if root is None or chart is None:
            return ""
        titles = [self.flat(title) for title in root.iter("{*}title", "{*}subtitle")]
        rows = [row for table in root.iter("{*}table") for row in self.rows(table)]
        return "\n".join(line for line in (*titles, *rows) if line)


def _inline(element: _Element, asides: list[_Element]) -> Iterator[str]:
    """The words of one paragraph; what has paragraphs of its own goes to `asides`."""
    yield element.text or ""
    for below in element:
        name = tag_name(below)
        if name == "s":
            count = attribute(below, "c")
            yield " " * (min(int(count), MAX_SPACES) if count.isdecimal() else 1)
        elif name in ("tab", "tab-stop"):
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name in _ASIDE:
            asides.append(below)
        elif name not in _NOT_SHOWN:
            yield from _inline(below, asides)
        yield below.tail or ""
