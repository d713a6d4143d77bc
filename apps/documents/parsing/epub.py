"""EPUB: the chapters in the order of the spine, named by their own headings or by the table of contents (EPUB 2 and 3)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from lxml.etree import _Element

from apps.documents.parsing import html
from apps.documents.parsing.archive import Archive
from apps.documents.parsing.errors import CopyProtected, Damaged
from apps.documents.parsing.markup import attribute, xml_tree
from apps.documents.parsing.places import Reading
from apps.documents.parsing.sections import Block, add_sections

_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "image/svg+xml", ""})


def read(data: bytes, reading: Reading) -> None:
    """Add the chapters. Raises CopyProtected, Damaged, Encrypted, OutOfMemory, TooLargeInside."""
    book = _Book(Archive(data, reading.budget))
    reading.suggest_title(book.title)
    missing = 0
    for number, name in enumerate(book.chapters, start=1):
        page = book.page(name)
        if page is None:
            missing += 1
        else:
            add_sections(reading, _chapter(page, book.titles.get(name, "")))
        reading.progress(number, len(book.chapters))
    if missing:
        reading.warn("chapters_missing", count=missing)


def _chapter(page: bytes, title: str) -> Iterator[Block]:
    """Its blocks; where the first is no heading, the title from the table of contents is one."""
    blocks = html.parse(page)[1]
    for first in blocks:
        if title and not first.heading:
            yield Block(title, heading=title)
        if first.heading or " ".join(first.text.split()) != title:
            yield first
        break
    yield from blocks


class _Book:
    """One EPUB: what its package says of the parts. Raises CopyProtected, Damaged."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        container = self._xml("META-INF/container.xml")
        root = None if container is None else container.find("{*}rootfiles/{*}rootfile")
        self._package_part = unquote(attribute(root, "full-path")) or next((name for name in archive if name.endswith(".opf")), "")
        package = self._xml(self._package_part)
        if package is None:
            raise Damaged
        self.title = next((element.text or "" for element in package.iter("{*}title")), "")
        self._items = {item.get("id", ""): item for item in package.iter("{*}item")}
        listed = (self._items.get(reference.get("idref", "")) for reference in package.iter("{*}itemref"))
        self.chapters = [self._target(item) for item in listed if item is not None and item.get("media-type", "") in _PAGES]
        if self._protected().intersection(self.chapters):
            raise CopyProtected
        self.titles = dict(self._titles(package))

    def page(self, name: str) -> bytes | None:
        """The page of a chapter, or None where it is missing."""
        return self._archive.read(name)

    def _xml(self, name: str) -> _Element | None:
        data = self._archive.read(name)
        return None if data is None else xml_tree(data)

    def _target(self, item: _Element) -> str:
        return _beside(self._package_part, item.get("href", ""))

    def _protected(self) -> set[str]:
        """The parts that only a shop's own program can read; fonts are scrambled in free books too."""
        root = self._xml("META-INF/encryption.xml")
        return set() if root is None else {unquote(reference.get("URI", "")) for reference in root.iter("{*}CipherReference")}

    def _titles(self, package: _Element) -> Iterator[tuple[str, str]]:
        """Part to title, of the first entry for each: by the navigation page, or by the older table."""
        spine = next(package.iter("{*}spine"), None)
        table = self._items.get(attribute(spine, "toc"))
        pages = [item for item in (table, *self._items.values()) if item is not None]
        names = [self._target(item) for item in pages if item is table or "nav" in item.get("properties", "").split()]
        said = [entry for name in names if (root := self._xml(name)) is not None for entry in _entries(root, name)]
        yield from reversed(said)


def _entries(root: _Element, name: str) -> Iterator[tuple[str, str]]:
    for link in root.iter("{*}a"):
        yield _beside(name, link.get("href", "")), " ".join("".join(map(str, link.itertext())).split())
    for point in root.iter("{*}navPoint"):
        label, content = point.find("{*}navLabel/{*}text"), point.find("{*}content")
        if label is not None and content is not None:
            yield _beside(name, content.get("src", "")), " ".join((label.text or "").split())


def _beside(name: str, reference: str) -> str:
    """The part that `reference`, as it stands in the part `name`, points to."""
    path = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(name), path)).lstrip("/")
