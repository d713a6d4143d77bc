"""OpenDocument: texts, presentations, drawings and sheets, packed or flat (ISO/IEC 26300, and the format before it)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from lxml.etree import _Element

from apps.documents.parsing.archive import Archive
from apps.documents.parsing.errors import Damaged, Encrypted
from apps.documents.parsing.markup import attribute, tag_name, xml_tree
from apps.documents.parsing.odf_sheets import add_sheets
from apps.documents.parsing.odf_text import Words
from apps.documents.parsing.places import Reading
from apps.documents.parsing.sections import Block, add_sections
from apps.documents.parsing.slides import Slide, add_slides

TYPE_WITHIN_BYTES = 4096
_MARGINS = ("{*}header", "{*}header-left", "{*}header-first", "{*}footer", "{*}footer-left", "{*}footer-first")
_SHEET_MARKS = (b"opendocument.spreadsheet", b"sun.xml.calc")
_NOT_ON_THE_SLIDE = frozenset({"notes", "forms", "annotation", "animations", "par"})
_NUMBERS_AND_DATES = frozenset({"page-number", "date-time", "page"})


def read(data: bytes, reading: Reading) -> None:
    """Add the sections, slides or sheets. Raises Damaged, Encrypted, OutOfMemory, TooLargeInside."""
    package = _Package(data, reading)
    reading.suggest_title(package.title())
    words = Words(package.embedded)
    if package.has_sheets:
        add_sheets(reading, package.content, words)
        return
    root = xml_tree(package.content)
    body = None if root is None else root.find("{*}body")
    if root is None or body is None:
        raise Damaged
    pages = list(body.iterfind(".//{*}page"))
    if pages:
        add_slides(reading, (_slide(page, words) for page in pages), total=len(pages))
    else:
        add_sections(reading, _sections(root, body, package, words))


class _Package:
    """The parts of one file; a flat one is its own content. Raises Damaged, Encrypted, TooLargeInside."""

    def __init__(self, data: bytes, reading: Reading) -> None:
        self._archive = Archive(data, reading.budget) if data.startswith(b"PK") else None
        if self._is_encrypted():
            raise Encrypted
        content = data if self._archive is None else self._archive.read("content.xml")
        if content is None:
            raise Damaged
        self.content = content
        stated = data[:TYPE_WITHIN_BYTES] if self._archive is None else self._archive.read("mimetype") or b""
        self.has_sheets = any(mark in stated for mark in _SHEET_MARKS) or (not stated and b"<office:spreadsheet" in content)

    def part(self, name: str) -> _Element | None:
        """The root of a part, or None."""
        data = None if self._archive is None else self._archive.read(name)
        return None if data is None else xml_tree(data)

    def title(self) -> str:
        """The title that its author gave it, or ""."""
        root = self.part("meta.xml")
        return "" if root is None else next((element.text or "" for element in root.iter("{*}title")), "")

    def embedded(self, reference: str) -> _Element | None:
        """The content of an object that is kept in this file, or None."""
        return self.part(posixpath.join(posixpath.normpath(reference), "content.xml"))

    def _is_encrypted(self) -> bool:
        root = self.part("META-INF/manifest.xml")
        return root is not None and next(root.iter("{*}encryption-data"), None) is not None


def _sections(root: _Element, body: _Element, package: _Package, words: Words) -> Iterator[Block]:
    """The body in order, then what stands in margins, each wording once."""
    yield from words.blocks(body)
    styles = package.part("styles.xml")
    said = {words.flat(margin): None for margin in (root if styles is None else styles).iter(*_MARGINS)}
    yield from (Block(text) for text in said if any(letter.isalpha() for letter in text))


def _slide(page: _Element, words: Words) -> Slide:
    shapes = [shape for shape in page if tag_name(shape) not in _NOT_ON_THE_SLIDE and attribute(shape, "class") not in _NUMBERS_AND_DATES]
    titles = [shape for shape in shapes if attribute(shape, "class") == "title"]
    blocks = (words.lines(shape) for shape in shapes if shape not in titles)
    notes = (words.lines(shape) for found in page.iterfind("{*}notes") for shape in found if attribute(shape, "class") == "notes")
    return Slide(
        title=" ".join(words.flat(shape) for shape in titles),
        blocks=tuple(block for block in blocks if block),
        notes=tuple(note for note in notes if note),
        comments=tuple(words.flat(comment) for comment in page.iterfind("{*}annotation")),
    )
