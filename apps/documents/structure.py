"""A page's plain text as what it was: headings, lists, tables. Every sign keeps its place, so that a quote can be marked in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

Span = tuple[int, int]
NOTHING: Span = (0, 0)

_LINE = re.compile(r"[^\n]+")
_GAP = re.compile(r"\n[^\S\n]*\n\s*")
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_HASHES = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(\S.*?)[ \t#]*$")
_RULE_OF_TABLE = re.compile(r"[\s|:-]*-[\s|:-]*")
_ITEM = re.compile(r"\s*(?:[-*+•◦▪‣–]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")
_NAMED = re.compile(r"([^\n]{1,200}?): (.*)")
_ROWS = frozenset({"rows", "sheet"})


class Part(NamedTuple):
    """A heading, a text, a list, a table or code, as spans of the page's text; `head` and `rows` are those of a table."""

    kind: str
    lines: Sequence[Span] = ()
    level: int = 0
    head: Sequence[Span] = ()
    rows: Sequence[Sequence[Span]] = ()


class Block(NamedTuple):
    """A part as HTML: each line, or each cell, with its marks."""

    kind: str
    level: int
    lines: list[SafeString]
    head: list[SafeString]
    rows: list[list[SafeString]]


def blocks(text: str, parts: Iterable[Part], marks: Sequence[Span] = ()) -> list[Block]:
    """What the template shows of `parts`, the spans of `marks` marked."""
    return [
        Block(
            part.kind,
            part.level,
            [_marked(text, line, marks) for line in part.lines],
            [_marked(text, cell, marks) for cell in part.head],
            [[_marked(text, cell, marks) for cell in row] for row in part.rows],
        )
        for part in parts
    ]


def shown(text: str, parts: Iterable[Part]) -> str:
    """The words of `parts` as they are shown, a line for each line or cell: what a search in the document looks at."""
    spans = (span for part in parts for span in (*part.lines, *part.head, *(cell for row in part.rows for cell in row)))
    return "\n".join(text[start:end] for start, end in spans)


def parts_of(text: str, *, kind: str, place: str, label: str = "") -> list[Part]:
    """The parts of a page of a file of `kind`, the page being a `place` (`page`, `rows`, ...) with that label."""
    if not text.strip():
        return []
    if kind == "pdf":
        return [Part("text", [(0, len(text))])]
    if place in _ROWS:
        return list(_with_rows_side_by_side(text, _tables(text, _paragraphs(text))))
    if kind == "markdown":
        return list(_markdown(text))
    if place == "slide":
        label = label.partition(": ")[2]  # "slide 3: Welcome" stands over a slide that begins with "Welcome"
    return [_paragraph(text, span, heading=label) for span in _paragraphs(text)]


def _marked(text: str, span: Span, marks: Sequence[Span]) -> SafeString:
    """The words of `span`, escaped, what lies in one of `marks` in a <mark>."""
    pieces: list[SafeString] = []
    at, end = span
    for first, last in marks:
        begin, stop = max(at, first), min(end, last)
        if begin < stop:
            pieces.append(format_html("{}<mark>{}</mark>", text[at:begin], text[begin:stop]))
            at = stop
    pieces.append(format_html("{}", text[at:end]))
    return SafeString("".join(pieces))  # each piece is escaped


def _paragraphs(text: str) -> Iterator[Span]:
    """What stands between blank lines."""
    start = len(text) - len(text.lstrip("\n"))
    for gap in _GAP.finditer(text, start):
        yield start, gap.start()
        start = gap.end()
    if text[start:].strip():
        yield start, len(text.rstrip())


def _paragraph(text: str, span: Span, *, heading: str = "") -> Part:
    lines = [match.span() for match in _LINE.finditer(text, *span)]
    if heading and " ".join(text[slice(*span)].split()) == heading:
        return Part("heading", [span], level=2)
    rows = [line for line in lines if not _RULE_OF_TABLE.fullmatch(text, *line)]
    if len(lines) > 1 and rows and all(" | " in text[slice(*line)] for line in rows):
        return _table(text, rows)
    if len(lines) > 1 and all(_ITEM.match(text, *line) for line in lines):
        return Part("list", lines)
    return Part("text", [span])


def _table(text: str, lines: Sequence[Span]) -> Part:
    """A table from lines whose cells stand between bars; the first one names the columns."""
    head, *rows = (_cells(text, line) for line in lines)
    return Part("table", head=head, rows=rows)


def _cells(text: str, line: Span) -> list[Span]:
    """The spans between the bars of a line, without the white space at their ends; a bar at the line's own ends parts nothing."""
    start, end = line
    if text[start:end].strip().startswith("|"):
        start = text.index("|", start) + 1
    if text[start:end].rstrip().endswith("|"):
        end = text.rindex("|", start, end)
    cells = []
    for cell in text[start:end].split("|"):
        lead = len(cell) - len(cell.lstrip())
        cells.append((start + lead, start + max(lead, len(cell.rstrip()))))
        start += len(cell) + 1
    return cells


def _markdown(text: str) -> Iterator[Part]:
    """Headings, fenced code, and what stands between them."""
    start, fence, fenced_from = 0, "", 0
    for line in _LINE.finditer(text):
        mark = _FENCE.match(text, *line.span())
        if fence:
            if mark and mark[1].startswith(fence):
                yield Part("code", [(fenced_from, max(fenced_from, line.start() - 1))])
                start, fence = line.end(), ""
        elif mark:
            yield from _between(text, (start, line.start()))
            fence, fenced_from = mark[1], line.end() + 1
        elif hashes := _HASHES.match(line[0]):
            yield from _between(text, (start, line.start()))
            first = line.start() + hashes.start(2)
            yield Part("heading", [(first, first + len(hashes[2]))], level=len(hashes[1]))
            start = line.end()
    if fence:
        yield Part("code", [(min(fenced_from, len(text)), len(text))])
    else:
        yield from _between(text, (start, len(text)))


def _between(text: str, span: Span) -> Iterator[Part]:
    offset, end = span
    for first, last in _paragraphs(text[offset:end]):
        yield _paragraph(text, (offset + first, offset + last))


def _tables(text: str, paragraphs: Iterable[Span]) -> Iterator[Part]:
    """Tables from rows of "column: value" lines, a row between two blank lines; what is no row stays a text, or names the columns."""
    rows: list[dict[str, Span]] = []
    above: Span | None = None
    for span in paragraphs:
        row = _named_row(text, span)
        if row is not None:
            rows.append(row)
            continue
        yield from _table_below(text, above, rows)
        rows, above = [], span
    yield from _table_below(text, above, rows)


def _named_row(text: str, span: Span) -> dict[str, Span] | None:
    """The cells of a row by the names of their columns; None where a line has no name, or two have the same."""
    row: dict[str, Span] = {}
    for line in _LINE.finditer(text, *span):
        named = _NAMED.fullmatch(text, *line.span())
        if named is None or named[1] in row:
            return None
        row[named[1]] = named.span(2)
    return row


def _table_below(text: str, above: Span | None, rows: Sequence[dict[str, Span]]) -> Iterator[Part]:
    """The rows as one table, under the line above them where that names all their columns; else that line is a text before them."""
    head = _cells(text, above) if above else []
    columns = [text[slice(*cell)] for cell in head]
    names = dict.fromkeys(name for row in rows for name in row)
    if above and not (rows and names.keys() <= set(columns)):
        yield _paragraph(text, above)
        head, columns = [], []
    if rows:
        head = head or [_name_before(next(row[name] for row in rows if name in row), name) for name in names]
        yield Part("table", head=head, rows=[[row.get(name, NOTHING) for name in columns or names] for row in rows])


def _name_before(value: Span, name: str) -> Span:
    """Where the name of a column stands, before one of its values."""
    start = value[0] - len(": ") - len(name)
    return start, start + len(name)


def _with_rows_side_by_side(text: str, parts: Iterable[Part]) -> Iterator[Part]:
    """The same parts, but two or more rows whose cells have no names are one table without a head."""
    waiting: list[Part] = []
    for part in parts:
        if part.kind == "text" and " | " in text[slice(*part.lines[0])]:
            waiting.append(part)
            continue
        yield from _as_rows(text, waiting)
        waiting = []
        yield part
    yield from _as_rows(text, waiting)


def _as_rows(text: str, parts: list[Part]) -> list[Part]:
    return [Part("table", rows=[_cells(text, part.lines[0]) for part in parts])] if len(parts) > 1 else parts
