"""What reading a file gives: its text by place, in order, storable as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal, get_args

from apps.documents.parsing.budget import Budget
from apps.documents.parsing.errors import NoText
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.notices import Detail, Notice

Kind = Literal[
    "pdf",
    "docx",
    "html",
    "markdown",
    "text",
    "csv",
    "pptx",
    "xlsx",
    "xls",
    "odt",
    "odp",
    "ods",
    "rtf",
    "epub",
    "eml",
    "msg",
    "json",
    "zip",
    "image",
]
PlaceKind = Literal["page", "section", "rows", "text", "slide", "sheet", "part"]
Message = list[Any]

PLACE_KINDS = frozenset(get_args(PlaceKind))
LINE_MAX_CHARS = 200
MAX_NOTICES = 20
PROGRESS_EVERY_S = 0.2

_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
# PostgreSQL takes neither NUL nor half a surrogate pair; the other control characters have no meaning in a text
_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # "exe.fdp" that is shown as "pdf.exe"
_NO_TITLE = re.compile(
    r"(?i)^(untitled|(unknown|no) title|(document|presentation|workbook|book|slide) ?\d*|powerpoint[ -]presentation"
    r"|microsoft (word|powerpoint|excel) - .*|(about|data|file|https?):\S*"
    r"|.*\.(docx?|pdf|tex|indd|html?|pptx?|xlsx?|odt|rtf|dvi))$"
)


@dataclass(frozen=True, slots=True)
class Place:
    """One page, section, slide, group of rows (of a CSV, or of a sheet), part of a mail or archive, or stretch of text.

    `number` counts from 1 and is the page number in a PDF.
    """

    number: int
    label: str
    kind: PlaceKind
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file that was read: never without text. A page without text stands here too, empty, so that numbers fit."""

    kind: Kind
    title: str
    places: list[Place]
    notices: list[Notice] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What its notices say, in English."""
        return [notice.sentence() for notice in self.notices]


def storable(text: str) -> str:
    """`text` with "\\n" line ends and without what a database cannot store."""
    return _UNSTORABLE.sub("", _LINE_ENDS.sub("\n", text))


def short(text: str) -> str:
    """`text` on one line that fits where a title, a label or a reason is shown."""
    return " ".join(_TURNS.sub("", storable(text)).split())[:LINE_MAX_CHARS]


def sensible_title(text: str) -> str:
    """`text` on one line, or "" where it is a program's filler or the name of a file."""
    title = short(text)
    return "" if len(title) < 2 or _NO_TITLE.match(title) else title


class Reading:
    """A file being read, in the child: tells each thing as it comes and stops at the limits."""

    depth = 0

    def __init__(self, limits: Limits, tell: Callable[[Message], None], *, first_part: int = 0) -> None:
        """`first_part`: the file inside with which to begin, where a child before this one told all until there."""
        self.limits = limits
        self.budget = Budget(limits)
        self.has_text = False
        self._first_part = first_part
        self._parts = 0
        self._tell = tell
        self._title = ""
        self._notices = 0
        self._told_at = 0.0

    def suggest_title(self, text: str) -> None:
        """Take `text` as the file's title if it is a sensible one and there is none yet."""
        if self._title:
            return
        self._title = sensible_title(text)
        if self._title:
            self._tell(["title", self._title])

    def progress(self, done: int, total: int) -> None:
        """Say how far it is, a few times a second and at the end."""
        if done < total and monotonic() - self._told_at < PROGRESS_EVERY_S:
            return
        self._told_at = monotonic()
        self._tell(["progress", done, total])

    def add(self, kind: PlaceKind, text: str, *, label: str = "") -> None:
        """The next place. Raises TooLargeInside."""
        text = storable(text)
        self.has_text = self.has_text or bool(text.strip())
        if self.is_passed:
            return
        self.budget.add_place(len(text))
        self._tell(["place", short(label), kind, text])

    def mark_unreadable(self) -> None:
        """Say that the place that was just added is empty because it could not be read."""
        if not self.is_passed:
            self._tell(["unreadable"])

    def warn(self, code: str, **details: Detail) -> None:
        """Something that a person should know though the file was read: a code of `notices.SENTENCES`, and what its sentence names."""
        self.note(Notice(code, details))

    def note(self, notice: Notice) -> None:
        """The same with a notice that is made already."""
        if self.is_passed:
            return
        self._notices += 1
        if self._notices <= MAX_NOTICES:
            self._tell(["notice", notice.code, dict(notice.details), notice.part])

    def enter(self, label: str) -> None:
        """Say that a file inside is read now."""
        self._parts += 1
        self._tell(["part", self._parts, short(label)])

    def leave_out(self, label: str, code: str) -> None:
        """Say that a file inside is not read, or not to its end: the code of an error, or "in_part"."""
        if not self.is_passed:
            self._tell(["left_out", code, short(label)])

    @property
    def is_passed(self) -> bool:
        """Whether all that comes now was told by a child before this one."""
        return self._parts < self._first_part

    def expect_text(self) -> None:
        """Nothing, if some was found. Raises NoText: an empty success would be a lie."""
        if not self.has_text:
            raise NoText

    def finish(self) -> None:
        """The last word. Raises NoText."""
        self.expect_text()
        if self._notices > MAX_NOTICES:
            self._tell(["notice", "more_notices", {"count": self._notices - MAX_NOTICES}, ""])
        self._tell(["done"])
