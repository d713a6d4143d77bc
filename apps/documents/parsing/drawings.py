"""Charts and diagrams, which stand in parts of their own: what is written in them, and a chart's numbers as its file keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lxml.etree import _Element

from apps.documents.parsing.markup import attribute, child, tag_name
from apps.documents.parsing.number_formats import shown
from apps.documents.parsing.package import Package, relation_of

MAX_POINTS = 500  # of one series; a chart of more is a picture of a table that stands elsewhere


def drawn_texts(package: Package, part: str, element: _Element) -> Iterator[str]:
    """The text of each chart and diagram that `element` of `part` shows, in order."""
    relations = package.relations(part)
    for frame in element.iter("{*}chart", "{*}relIds"):
        read, relation = (_chart, "id") if tag_name(frame) == "chart" else (_diagram, "dm")
        _, target = relations.get(relation_of(frame, relation), ("", ""))
        root = package.xml(target) if target else None
        if root is not None and (text := read(root)):
            yield text


def paragraphs(element: _Element) -> Iterator[str]:
    """The paragraphs of DrawingML below `element`, without the empty ones and without numbers of pages."""
    for paragraph in element.iter("{*}p"):
        if text := "".join(_runs(paragraph)).strip():
            yield text


def _runs(paragraph: _Element) -> Iterator[str]:
    """Text, fields, line breaks and formulas."""
    for run in paragraph:
        name = tag_name(run)
        if name == "br":
            yield "\n"
        elif name == "AlternateContent":
            yield from _runs(run[0]) if len(run) else ()
        elif name != "fld" or not attribute(run, "type").startswith(("slidenum", "datetime")):
            yield from (text.text or "" for text in run.iter("{*}t"))


def _diagram(root: _Element) -> str:
    return "\n".join(paragraphs(root))


def _chart(root: _Element) -> str:
    """Its titles, then a line for each series: "Sales: 2025 40, 2026 44"."""
    titles = [" ".join(paragraphs(title)) for title in root.iter("{*}title")]
    series = (_series(element) for element in root.iter("{*}ser"))
    return "\n".join(line for line in (*titles, *series) if line)


def _series(series: _Element) -> str:
    name = " ".join(_values(child(series, "tx")).values())
    names = _values(child(series, "cat"))
    values = _values(child(series, "val"))
    points = ", ".join(f"{names.get(index, '')} {value}".strip() for index, value in values.items())
    return f"{name}: {points}" if name and points else name or points


def _values(element: _Element | None) -> dict[str, str]:
    """Index to the value that the file keeps, as it is shown."""
    if element is None:
        return {}
    code = next((found.text or "" for found in element.iter("{*}formatCode")), "")
    points = islice(element.iter("{*}pt"), MAX_POINTS)
    return {attribute(point, "idx"): _shown((point.findtext("{*}v") or "").strip(), code) for point in points}


def _shown(value: str, code: str) -> str:
    try:
        return shown(float(value), code) if code else value
    except ValueError:
        return value
