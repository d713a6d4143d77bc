"""PPTX: the slides with their tables, charts, diagrams, notes and comments (ISO/IEC 29500, both dialects)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.etree import _Element

from apps.documents.parsing.archive import Archive
from apps.documents.parsing.drawings import drawn_texts, paragraphs
from apps.documents.parsing.errors import Damaged
from apps.documents.parsing.markup import attribute, child, tag_name
from apps.documents.parsing.package import Package, relation_of
from apps.documents.parsing.places import Reading
from apps.documents.parsing.slides import Slide, add_slides

_TITLES = frozenset({"title", "ctrTitle"})
_NUMBERS_AND_DATES = frozenset({"sldNum", "dt"})


def read(data: bytes, reading: Reading) -> None:
    """Add the slides in the order they are shown in. Raises Damaged, Encrypted, OutOfMemory, TooLargeInside."""
    package = Package(Archive(data, reading.budget))
    reading.suggest_title(package.title())
    parts = _slide_parts(package)
    add_slides(reading, (_slide(package, part) for part in parts), total=len(parts))


def _slide_parts(package: Package) -> list[str]:
    main = package.main_part("ppt/presentation.xml")
    root = package.xml(main)
    if root is None:
        raise Damaged
    relations = package.relations(main)
    targets = (relations.get(relation_of(slide), ("", "")) for slide in root.iter("{*}sldId"))
    return [part for kind, part in targets if kind == "slide"]


def _slide(package: Package, part: str) -> Slide:
    root = package.xml(part)
    if root is None:  # listed, and not there
        return Slide()
    shapes = list(_shapes(root))
    titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
    rest = (_text(package, part, shape) for shape in shapes if shape not in titles)
    return Slide(
        title=" ".join(text for shape in titles for text in paragraphs(shape)),
        blocks=tuple(text for text in rest if text),
        notes=tuple(_notes(package, part)),
        comments=tuple(_comments(package, part)),
    )


def _shapes(element: _Element) -> Iterator[_Element]:
    """Text boxes and frames in the order they are stacked in, those of groups too."""
    for below in element:
        name = tag_name(below)
        if name in ("sp", "graphicFrame"):
            yield below
        elif name == "AlternateContent":
            chosen = child(below, "Choice")
            yield from _shapes(below if chosen is None else chosen)
        else:
            yield from _shapes(below)


def _placeholder(shape: _Element) -> str:
    """What `shape` stands for on its slide: "title", "body", "sldNum", ...; "" where it is a box of its own."""
    return attribute(child(shape, "nvSpPr", "nvPr", "ph"), "type")


def _text(package: Package, part: str, shape: _Element) -> str:
    if tag_name(shape) == "sp":
        return "" if _placeholder(shape) in _NUMBERS_AND_DATES else "\n".join(paragraphs(shape))
    rows = (" | ".join(" ".join(paragraphs(cell)) for cell in row.iter("{*}tc")) for row in shape.iter("{*}tr"))
    return "\n".join((*(row for row in rows if row.strip(" |")), *drawn_texts(package, part, shape)))


def _notes(package: Package, part: str) -> Iterator[str]:
    for name in package.related(part, "notesSlide"):
        root = package.xml(name)
        for shape in () if root is None else root.iter("{*}sp"):
            if _placeholder(shape) == "body":
                yield from paragraphs(shape)


def _comments(package: Package, part: str) -> Iterator[str]:
    for name in package.related(part, "comments"):
        root = package.xml(name)
        for comment in () if root is None else root.iter("{*}cm", "{*}reply"):
            old, new = child(comment, "text"), child(comment, "txBody")
            if said := (old.text or "").strip() if old is not None else " ".join(paragraphs(new)) if new is not None else "":
                yield said
