"""The numbers that a word processor writes before paragraphs: "14.2", "(b)", "iv.". They stand in no paragraph (ISO/IEC 29500-1, 17.9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element

from apps.documents.parsing.markup import attribute, child

LEVELS = 9
MAX_STYLE_DEPTH = 20
NUMBER_MAX = 32_767
_PLACE = re.compile(r"%([1-9])")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"))
_ROMAN_ONES = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii")


@dataclass(slots=True)
class _Level:
    """How the numbers of one level look, and where they begin."""

    form: str = "decimal"
    pattern: str = ""
    start: int = 1
    style: str = ""
    is_legal: bool = False  # all numbers in it as 1, 2, 3


@dataclass(slots=True)
class _List:
    """The levels of one kind of list, and how far each has come; all lists of that kind go on counting together."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def level_of_style(self, style: str) -> int:
        return next((number for number, level in self.levels.items() if level.style == style), 0)

    def next_at(self, level: int) -> str:
        """What stands before the next paragraph at `level`."""
        if level not in self.levels:
            return ""
        self.counts[level] = min(self.counts.get(level, self.levels[level].start - 1) + 1, NUMBER_MAX)
        for deeper in range(level + 1, LEVELS):
            self.counts.pop(deeper, None)
        if self.levels[level].form == "bullet":
            return "\u2022"
        return _PLACE.sub(lambda place: self._said(int(place[1]) - 1, is_legal=self.levels[level].is_legal), self.levels[level].pattern)

    def _said(self, level: int, *, is_legal: bool) -> str:
        form = self.levels.get(level, _Level())
        return _written(self.counts.get(level, form.start), "decimal" if is_legal else form.form)


class Numbering:
    """The lists of one document, by its parts `numbering` and `styles`."""

    def __init__(self, numbering: _Element | None, styles: Mapping[str, _Element]) -> None:
        self._styles = styles
        self._lists: dict[str, _List] = {}
        self._restarts: dict[str, dict[int, int]] = {}  # of lists that have not begun
        for kind in () if numbering is None else numbering.iter("{*}abstractNum"):
            self._lists[attribute(kind, "abstractNumId")] = _List({_number(level, "ilvl"): _level(level) for level in kind.iter("{*}lvl")})
        self._kinds = {} if numbering is None else {attribute(num, "numId"): self._kind(num) for num in numbering.iter("{*}num")}

    def before(self, paragraph: _Element) -> str:
        """What stands before `paragraph`, or "". To be asked once for each, in order."""
        properties = child(paragraph, "pPr")
        stated, style = child(properties, "numPr"), attribute(child(properties, "pStyle"), "val")
        of_style, style = self._of_style(style)
        number = attribute(child(stated, "numId"), "val") or attribute(child(of_style, "numId"), "val")
        numbered = self._lists.get(self._kinds.get(number, ""))
        if numbered is None:
            return ""
        numbered.counts.update(self._restarts.pop(number, {}))
        levels = [level for level in (child(stated, "ilvl"), child(of_style, "ilvl")) if level is not None]
        return numbered.next_at(_number(levels[0], "val") if levels else numbered.level_of_style(style))

    def _kind(self, num: _Element) -> str:
        overrides = num.iter("{*}lvlOverride")
        starts = {_number(override, "ilvl"): child(override, "startOverride") for override in overrides}
        self._restarts[attribute(num, "numId")] = {level: _number(start, "val") - 1 for level, start in starts.items() if start is not None}
        return attribute(child(num, "abstractNumId"), "val")

    def _of_style(self, style: str) -> tuple[_Element | None, str]:
        """What `style`, or the one that it is based on, says of a list; and which of them says so."""
        for _ in range(MAX_STYLE_DEPTH):
            found = self._styles.get(style)
            if found is None or (stated := child(found, "pPr", "numPr")) is not None:
                return (None, style) if found is None else (stated, style)
            style = attribute(child(found, "basedOn"), "val")
        return None, style


def _level(element: _Element) -> _Level:
    return _Level(
        form=attribute(child(element, "numFmt"), "val") or "decimal",
        pattern=attribute(child(element, "lvlText"), "val"),
        start=_number(child(element, "start"), "val", default=1),
        style=attribute(child(element, "pStyle"), "val"),
        is_legal=child(element, "isLgl") is not None,
    )


def _number(element: _Element | None, name: str, *, default: int = 0) -> int:
    stated = attribute(element, name)
    return min(int(stated), NUMBER_MAX) if stated.isdecimal() and len(stated) < 10 else default


def _written(number: int, form: str) -> str:
    match form:
        case "lowerLetter" | "upperLetter":
            letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1) if number > 0 else "0"
            return letter.upper() if form == "upperLetter" else letter
        case "lowerRoman" | "upperRoman":
            return _roman(number).upper() if form == "upperRoman" else _roman(number)
        case "decimalZero":
            return f"{number:02}"
        case "none" | "bullet":
            return ""
        case _:
            return str(number)


def _roman(number: int) -> str:
    said = ""
    for value, sign in _ROMAN:
        said += sign * (number // value)
        number %= value
    return said + _ROMAN_ONES[number] if number >= 0 else ""
