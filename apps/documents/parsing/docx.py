"""DOCX: paragraphs, tables, text boxes, notes, comments, charts and inserted files, from the XML of both dialects (ISO/IEC 29500)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from lxml.etree import _Element

from apps.documents.parsing import html
from apps.documents.parsing.archive import Archive
from apps.documents.parsing.decode import decode
from apps.documents.parsing.drawings import drawn_texts
from apps.documents.parsing.errors import Damaged
from apps.documents.parsing.markup import attribute, child, tag_name
from apps.documents.parsing.numbering import MAX_STYLE_DEPTH, Numbering
from apps.documents.parsing.package import Package
from apps.documents.parsing.places import Reading
from apps.documents.parsing.sections import Block, add_sections

MAX_INSERTED_DEPTH = 3
_HEADING_NAME = re.compile(r"(?i)(heading [1-9]|title)$")
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "ptab": "\t"}
_NOT_SHOWN = frozenset({"del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "sectPr", "tblPr", "trPr", "tcPr", "rt"})
_NOTE_PARTS = {"footnoteReference": "footnotes", "endnoteReference": "endnotes", "commentReference": "comments"}
_MARGINS = re.compile(r"/(header|footer)\d*\.xml$")


def read(data: bytes, reading: Reading) -> None:
    """Add the sections of the document. Raises Damaged, Encrypted, TooLargeInside."""
    package = Package(Archive(data, reading.budget))
    reading.suggest_title(package.title())
    add_sections(reading, _Document(package, reading).blocks())


class _Document:
    """One DOCX: its main part, and the parts that it points to."""

    def __init__(self, package: Package, reading: Reading, *, depth: int = 0) -> None:
        self._package = package
        self._reading = reading
        self._depth = depth
        self._main = package.main_part("word/document.xml")
        styles = self._related("styles")
        self._styles = {} if styles is None else {attribute(style, "styleId"): style for style in styles.iter("{*}style")}
        self._heading_styles = frozenset(filter(self._is_heading_style, self._styles))
        self._numbering = Numbering(self._related("numbering"), self._styles)
        self._notes = {part: self._read_notes(part) for part in _NOTE_PARTS.values()}

    def blocks(self) -> Iterator[Block]:
        """The body in order, then what stands in margins. Raises Damaged."""
        root = self._package.xml(self._main)
        if root is None:
            raise Damaged
        yield from self._walk(root)
        yield from self._margins()

    def _related(self, kind: str) -> _Element | None:
        name = next(iter(self._package.related(self._main, kind)), "")
        return self._package.xml(name) if name else None

    def _is_heading_style(self, style_id: str, depth: int = 0) -> bool:
        """Whether paragraphs of that style are headings by its name or outline level, or by that of the one it is based on."""
        style = self._styles.get(style_id)
        if style is None or depth > MAX_STYLE_DEPTH:
            return False
        if _HEADING_NAME.match(attribute(child(style, "name"), "val")):
            return True
        level = attribute(child(style, "pPr", "outlineLvl"), "val")
        return level < "9" if level else self._is_heading_style(attribute(child(style, "basedOn"), "val"), depth + 1)

    def _read_notes(self, part: str) -> dict[str, str]:
        root = self._related(part)
        return {} if root is None else {attribute(note, "id"): self._flat(note) for note in root if not attribute(note, "type")}

    def _walk(self, element: _Element) -> Iterator[Block]:
        for below in element:
            name = tag_name(below)
            if name == "p":
                yield from self._paragraph(below)
            elif name == "tbl":
                yield Block("\n".join(self._rows(below)))
            elif name == "altChunk":
                yield from self._inserted(attribute(below, "id"))
            elif name not in _NOT_SHOWN:
                yield from self._walk(below)

    def _paragraph(self, paragraph: _Element) -> Iterator[Block]:
        """The paragraph with its number, then the text boxes and notes that hang on it."""
        number, text = self._numbering.before(paragraph), self._text(paragraph).strip()
        text = f"{number} {text}" if number and text else text
        yield Block(text, heading=" ".join(text.split()) if self._is_heading(paragraph) else "")
        for box in paragraph.iter("{*}txbxContent"):
            if not any(tag_name(above) in ("Fallback", "txbxContent") for above in box.iterancestors()):
                yield from self._walk(box)
        yield from (Block(text) for text in drawn_texts(self._package, self._main, paragraph))
        for reference in paragraph.iter():
            if part := _NOTE_PARTS.get(tag_name(reference)):
                yield Block(self._notes[part].get(attribute(reference, "id"), ""))

    def _is_heading(self, paragraph: _Element) -> bool:
        level = attribute(child(paragraph, "pPr", "outlineLvl"), "val")
        style = attribute(child(paragraph, "pPr", "pStyle"), "val")
        return level < "9" if level else style in self._heading_styles

    def _text(self, element: _Element) -> str:
        """The words of one paragraph, without those of its text boxes."""
        pieces: list[str] = []
        for below in element:
            name = tag_name(below)
            if name == "t":
                pieces.append(below.text or "")
            elif name in _SIGNS:
                pieces.append(_SIGNS[name])
            elif name != "txbxContent" and name not in _NOT_SHOWN:
                pieces.append(self._text(below))
        return "".join(pieces)

    def _rows(self, table: _Element) -> Iterator[str]:
        for row in table.iter("{*}tr"):
            if next(row.iterancestors("{*}tbl")) is table:  # a table in a cell is part of that cell
                cells = [self._flat(cell) for cell in row.iter("{*}tc") if next(cell.iterancestors("{*}tr")) is row]
                yield " | ".join(cells) if any(cells) else ""

    def _flat(self, element: _Element) -> str:
        """All the text below `element` on one line."""
        return " ".join(" ".join(block.text for block in self._walk(element)).split())

    def _margins(self) -> Iterator[Block]:
        """Headers and footers, each wording once: a letterhead may be all that names the sender."""
        said: dict[str, None] = {}
        for name in self._package:
            root = self._package.xml(name) if _MARGINS.search(name) else None
            said[self._flat(root) if root is not None else ""] = None
        yield from (Block(text) for text in said if re.search(r"[^\W\d_]{2}", text))

    def _inserted(self, relation: str) -> Iterator[Block]:
        """A whole file that stands in the place of a paragraph (altChunk)."""
        _, name = self._package.relations(self._main).get(relation, ("", ""))
        data = self._package.read(name) if name else None
        if data is None or self._depth == MAX_INSERTED_DEPTH:
            self._reading.warn("inserted_file_missing")
        elif data.startswith(b"PK"):
            yield from _Document(Package(Archive(data, self._reading.budget)), self._reading, depth=self._depth + 1).blocks()
        elif name.lower().endswith((".htm", ".html", ".xhtml")):
            yield from html.parse(data)[1]
        elif name.lower().endswith(".txt"):
            yield Block(decode(data))
        else:
            self._reading.warn("inserted_file_unreadable", name=posixpath.basename(name))
