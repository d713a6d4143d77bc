"""Markdown: the text as written, a place for each heading's part."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apps.documents.parsing.decode import decode
from apps.documents.parsing.places import Reading, storable
from apps.documents.parsing.sections import Block, add_sections

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>\S.*?)[ \t#]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})")


def read(data: bytes, reading: Reading) -> None:
    """Add the sections of `data`; the first heading is its title."""
    add_sections(reading, blocks(storable(decode(data))))


def blocks(text: str) -> Iterator[Block]:
    """Headings, and the text between two of them as one block, so that code keeps its blank lines."""
    body: list[str] = []
    fence = ""
    for line in text.split("\n"):
        fence = _fence_after(line, fence)
        heading = None if fence else _heading(line, body)
        if heading is None:
            body.append(line)
            continue
        yield Block("\n".join(body).strip("\n"))
        yield heading
        body = []
    yield Block("\n".join(body).strip("\n"))


def _heading(line: str, body: list[str]) -> Block | None:
    """The heading that `line` is, or that it makes of the last line of `body`, which it takes away."""
    if match := _HEADING.match(line):
        return Block(line.strip(), heading=match["title"])
    if _is_underlined(body, line):
        above = body.pop()
        return Block(f"{above}\n{line}", heading=above.strip())
    return None


def _fence_after(line: str, fence: str) -> str:
    """The mark of the code block that `line` is in, or ""."""
    mark = _FENCE.match(line)
    if not mark:
        return fence
    if not fence:
        return mark["mark"]
    return "" if mark["mark"].startswith(fence) else fence


def _is_underlined(body: list[str], line: str) -> bool:
    """Whether `line` makes a heading of the one line of text before it."""
    if not body or not _UNDERLINE.match(line):
        return False
    above, before = body[-1].strip(), body[-2].strip() if len(body) > 1 else ""
    return bool(above) and not before and above[0] not in "-*+>|`~"
