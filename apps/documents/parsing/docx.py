"""DOCX: paragraphs, tables, text boxes, notes and inserted files, read from the XML itself (ISO/IEC 29500, both of its dialects)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from lxml.etree import _Element

from apps.documents.parsing import html
from apps.documents.parsing.archive import Archive
from apps.documents.parsing.decode import decode
from apps.documents.parsing.errors import Damaged
from apps.documents.parsing.markup import xml_tree
from apps.documents.parsing.places import Reading
from apps.documents.parsing.sections import Block, add_sections

MAX_INSERTED_DEPTH = 3
MAX_STYLE_DEPTH = 20
_HEADING_NAME = re.compile(r"(?i)(heading [1-9]|title)$")
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "ptab": "\t"}
_NOT_SHOWN = frozenset({"del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "sectPr", "tblPr", "trPr", "tcPr", "rt"})
_NOTE_PARTS = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}
_MARGINS = re.compile(r"/(header|footer)\d*\.xml$")


def read(data: bytes, reading: Reading) -> None:
    """Add the sections of the document. Raises Damaged, Encrypted, TooLargeInside."""
    archive = Archive(data, reading.limits)
    reading.suggest_title(_core_title(archive))
    add_sections(reading, _Document(archive, reading).blocks())


def _core_title(archive: Archive) -> str:
    root = _xml(archive, "docProps/core.xml")
    return "" if root is None else next((element.text or "" for element in root.iter("{*}title")), "")


def _xml(archive: Archive, name: str) -> _Element | None:
    """The root of a part, or None."""
    data = archive.read(name)
    return None if data is None else xml_tree(data)


def _name(element: _Element) -> str:
    """The tag without its namespace, which differs between the two dialects; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _attribute(element: _Element | None, name: str) -> str:
    """The attribute called `name`, in whatever namespace."""
    if element is None:
        return ""
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), "")


def _child(element: _Element | None, *names: str) -> _Element | None:
    """The first descendant by direct steps through `names`."""
    for name in names:
        element = None if element is None else next((child for child in element if _name(child) == name), None)
    return element


class _Document:
    """One DOCX: its main part, and the parts that it points to."""

    def __init__(self, archive: Archive, reading: Reading, *, depth: int = 0) -> None:
        self._archive = archive
        self._reading = reading
        self._depth = depth
        self._main = self._main_part()
        self._targets = self._relations(self._main)
        self._heading_styles = self._read_heading_styles()
        self._notes = {part: self._read_notes(part) for part in _NOTE_PARTS.values()}

    def blocks(self) -> Iterator[Block]:
        """The body in order, then what stands in margins. Raises Damaged."""
        root = _xml(self._archive, self._main)
        if root is None:
            raise Damaged
        yield from self._walk(root)
        yield from self._margins()

    def _main_part(self) -> str:
        return next((target for kind, target in self._relations("").values() if kind == "officeDocument"), "word/document.xml")

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Id to (kind, part) of what `part` points to inside the file; a target outside is never followed."""
        folder, name = posixpath.split(part)
        root = _xml(self._archive, posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, tuple[str, str]] = {}
        for relation in () if root is None else root.iter("{*}Relationship"):
            if relation.get("TargetMode") == "External":
                continue
            target = posixpath.normpath(posixpath.join("/", folder, unquote(relation.get("Target", ""))))
            found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target.lstrip("/"))
        return found

    def _related(self, kind: str) -> _Element | None:
        name = next((target for of, target in self._targets.values() if of == kind), "")
        return _xml(self._archive, name) if name else None

    def _read_heading_styles(self) -> frozenset[str]:
        """Ids of the styles that are headings by name or outline level, or are based on one that is."""
        root = self._related("styles")
        styles = {} if root is None else {_attribute(style, "styleId"): style for style in root.iter("{*}style")}

        def is_heading(style_id: str, depth: int = 0) -> bool:
            style = styles.get(style_id)
            if style is None or depth > MAX_STYLE_DEPTH:
                return False
            if _HEADING_NAME.match(_attribute(_child(style, "name"), "val")):
                return True
            level = _attribute(_child(style, "pPr", "outlineLvl"), "val")
            return level < "9" if level else is_heading(_attribute(_child(style, "basedOn"), "val"), depth + 1)

        return frozenset(style_id for style_id in styles if is_heading(style_id))

    def _read_notes(self, part: str) -> dict[str, str]:
        root = self._related(part)
        return {} if root is None else {_attribute(note, "id"): self._flat(note) for note in root if not _attribute(note, "type")}

    def _walk(self, element: _Element) -> Iterator[Block]:
        for child in element:
            name = _name(child)
            if name == "p":
                yield from self._paragraph(child)
            elif name == "tbl":
                yield Block("\n".join(self._rows(child)))
            elif name == "altChunk":
                yield from self._inserted(_attribute(child, "id"))
            elif name not in _NOT_SHOWN:
                yield from self._walk(child)

    def _paragraph(self, paragraph: _Element) -> Iterator[Block]:
        """The paragraph, then the text boxes and notes that hang on it."""
        text = self._text(paragraph).strip()
        yield Block(text, heading=" ".join(text.split()) if self._is_heading(paragraph) else "")
        for box in paragraph.iter("{*}txbxContent"):
            if not any(_name(above) in ("Fallback", "txbxContent") for above in box.iterancestors()):
                yield from self._walk(box)
        for reference in paragraph.iter():
            if part := _NOTE_PARTS.get(_name(reference)):
                yield Block(self._notes[part].get(_attribute(reference, "id"), ""))

    def _is_heading(self, paragraph: _Element) -> bool:
        level = _attribute(_child(paragraph, "pPr", "outlineLvl"), "val")
        style = _attribute(_child(paragraph, "pPr", "pStyle"), "val")
        return level < "9" if level else style in self._heading_styles

    def _text(self, element: _Element) -> str:
        """The words of one paragraph, without those of its text boxes."""
        pieces: list[str] = []
        for child in element:
            name = _name(child)
            if name == "t":
                pieces.append(child.text or "")
            elif name in _SIGNS:
                pieces.append(_SIGNS[name])
            elif name != "txbxContent" and name not in _NOT_SHOWN:
                pieces.append(self._text(child))
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
        for name in self._archive:
            root = _xml(self._archive, name) if _MARGINS.search(name) else None
            said[self._flat(root) if root is not None else ""] = None
        yield from (Block(text) for text in said if re.search(r"[^\W\d_]{2}", text))

    def _inserted(self, relation: str) -> Iterator[Block]:
        """A whole file that stands in the place of a paragraph (altChunk)."""
        _, name = self._targets.get(relation, ("", ""))
        data = self._archive.read(name) if name else None
        if data is None or self._depth == MAX_INSERTED_DEPTH:
            self._reading.warn("A file that is inserted into this document could not be found.")
        elif data.startswith(b"PK"):
            yield from _Document(Archive(data, self._reading.limits), self._reading, depth=self._depth + 1).blocks()
        elif name.lower().endswith((".htm", ".html", ".xhtml")):
            yield from html.parse(data)[1]
        elif name.lower().endswith(".txt"):
            yield Block(decode(data))
        else:
            self._reading.warn(f"A file that is inserted into this document ({posixpath.basename(name)}) could not be read.")
