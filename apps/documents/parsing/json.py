"""JSON, JSON Lines and notebooks: each record as lines of "path: value", so that one found alone still says what its values are.

Numbers are kept as they are written: 1e400 and a number of 5,000 digits are text like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from apps.documents.parsing import markdown
from apps.documents.parsing.decode import decode
from apps.documents.parsing.errors import NestedTooDeeply
from apps.documents.parsing.places import Reading, storable
from apps.documents.parsing.sections import PLACE_MAX_CHARS, Block, add_sections, add_text

NESTED_MAX = 200
LINE_VALUES_MAX = 50  # values without names that stand on one line


class Members(list[tuple[str, Any]]):
    """An object's members in order; two may have the same name."""


def read(data: bytes, reading: Reading) -> None:
    """Add the records; what is no JSON after all is added as plain text. Raises NestedTooDeeply."""
    text = storable(decode(data))
    try:
        values = _values(text)
    except json.JSONDecodeError as error:
        add_text(reading, text)
        reading.warn("broken_json", line=error.lineno)
        return
    except RecursionError:
        raise NestedTooDeeply from None
    if len(values) == 1 and (cells := _cells(values[0][1])):
        add_sections(reading, _notebook(cells))
    else:
        _add_records(_records(values), reading)


def _values(text: str) -> Sequence[tuple[str, Any]]:
    """The one value of the file, or those of its lines by their names. Raises JSONDecodeError."""
    try:
        return [("", _value(text))]
    except json.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if error.msg != "Extra data" or len(lines) < 2:
            raise
        return [(f"line {number}", _line_value(number, line)) for number, line in lines]


def _line_value(number: int, line: str) -> Any:
    try:
        return _value(line)
    except json.JSONDecodeError as error:
        raise json.JSONDecodeError(error.msg, "\n" * (number - 1), number - 1) from error


def _value(text: str) -> Any:
    return json.loads(text, object_pairs_hook=Members, parse_int=str, parse_float=str, parse_constant=str)


def _records(values: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name and text of each record: a line, an entry of a list, or a member of the outermost object."""
    name, value = values[0]
    if name:
        yield from ((line, _lines(record)) for line, record in values)
    elif isinstance(value, Members):
        yield from _members(value)
    elif isinstance(value, list):
        yield from ((f"[{number}]", _lines(entry)) for number, entry in enumerate(value, start=1))
    else:
        yield "", _lines(value)


def _members(members: Members) -> Iterator[tuple[str, str]]:
    for name, value in members:
        if isinstance(value, list) and not isinstance(value, Members) and not _is_flat(value):
            for number, entry in enumerate(value, start=1):
                yield f"{name}[{number}]", f"{name}[{number}]\n{_lines(entry)}"
        else:
            yield name, _lines(value, name)


def _lines(value: Any, path: str = "") -> str:
    return "\n".join(_walk(value, path))


def _walk(value: Any, path: str, depth: int = 0) -> Iterator[str]:
    """A line for each value that has none below it. Raises NestedTooDeeply."""
    if depth > NESTED_MAX:
        raise NestedTooDeeply
    if isinstance(value, Members):
        for name, below in value:
            yield from _walk(below, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list) and not _is_flat(value):
        for number, below in enumerate(value, start=1):
            yield from _walk(below, f"{path}[{number}]", depth + 1)
    elif value := ", ".join(map(_said, value)) if isinstance(value, list) else _said(value):
        yield f"{path}: {value}" if path else value


def _is_flat(values: list[Any]) -> bool:
    """Whether a list is short and of plain values, and no object."""
    is_list = not isinstance(values, Members)
    return is_list and len(values) <= LINE_VALUES_MAX and not any(isinstance(value, list) for value in values)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _add_records(records: Iterator[tuple[str, str]], reading: Reading) -> None:
    """As many records to a place as fit; its label names the first and the last."""
    waiting: list[tuple[str, str]] = []
    characters = 0
    for name, text in records:
        if waiting and characters + len(text) > PLACE_MAX_CHARS:
            _add_place(waiting, reading)
            waiting, characters = [], 0
        if text.strip():
            waiting.append((name, text))
            characters += len(text)
    _add_place(waiting, reading)


def _add_place(records: Sequence[tuple[str, str]], reading: Reading) -> None:
    if records:
        first, last = records[0][0], records[-1][0]
        label = first if first == last else f"{first} – {last}"
        add_text(reading, "\n\n".join(text for _, text in records), kind="section", label=label)


def _cells(value: Any) -> list[Any]:
    """The cells of a notebook; none of anything else."""
    members = dict(value) if isinstance(value, Members) else {}
    cells = members.get("cells")
    return cells if "nbformat" in members and isinstance(cells, list) and not isinstance(cells, Members) else []


def _notebook(cells: list[Any]) -> Iterator[Block]:
    """What is written, the code and what it printed."""
    for cell in cells:
        members = dict(cell) if isinstance(cell, Members) else {}
        source = _joined(members.get("source"))
        if members.get("cell_type") == "markdown":
            yield from markdown.blocks(source)
        else:
            yield Block(source)
            yield from (Block(_printed(output)) for output in members.get("outputs") or () if isinstance(output, Members))


def _printed(output: Members) -> str:
    members = dict(output)
    shown = members.get("data")
    return _joined(members.get("text") or (dict(shown).get("text/plain") if isinstance(shown, Members) else ""))


def _joined(lines: Any) -> str:
    return ("".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")).strip("\n")
