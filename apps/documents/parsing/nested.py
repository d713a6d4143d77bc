"""Files inside files: each is read by the parser of its kind, in the same child and on the same budget.

What cannot be read is named with the reason, and never spoils the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from apps.documents.names import clean_name
from apps.documents.parsing.errors import NestedTooDeeply, OutOfMemory, PackedTooDeeply, ParseError, PictureInside
from apps.documents.parsing.notices import Notice
from apps.documents.parsing.parsers import CONTAINERS, load
from apps.documents.parsing.places import PlaceKind, Reading
from apps.documents.parsing.sniff import sniff_data

MAX_DEPTH = 3  # a file in a mail in a ZIP in a mail
NAME_MAX_CHARS = 80
_SLASHES = re.compile(r"[\\/]+")


class Part(Reading):
    """The reading of a file inside another: what it tells goes up, with the file's name in front."""

    def __init__(self, above: Reading, label: str) -> None:
        self.limits = above.limits
        self.budget = above.budget
        self.depth = above.depth + 1
        self.has_text = False
        self._above = above
        self._label = label

    def suggest_title(self, text: str) -> None:
        """Nothing: the title is that of the whole."""

    def progress(self, done: int, total: int) -> None:
        """Nothing: the whole counts its files."""

    def add(self, kind: PlaceKind, text: str, *, label: str = "") -> None:
        """The next place. Raises TooLargeInside."""
        self._above.add(kind, text, label=self._named(label))
        self.has_text = self.has_text or bool(text.strip())

    def mark_unreadable(self) -> None:
        """Nothing: no one will try to read its picture."""

    def note(self, notice: Notice) -> None:
        """What should be known about this file, or one inside it."""
        self._above.note(replace(notice, part=self._named(notice.part)))

    def enter(self, label: str) -> None:
        """Say that a file inside this one is read now."""
        self._above.enter(self._named(label))

    def leave_out(self, label: str, code: str) -> None:
        """Say that a file inside this one is not read, or not to its end."""
        self._above.leave_out(self._named(label), code)

    @property
    def is_passed(self) -> bool:
        """Whether this file has been read by a child before this one."""
        return self._above.is_passed

    def _named(self, label: str) -> str:
        return f"{self._label}, {label}" if label else self._label


def read_inside(label: str, read: Callable[[Part], None], reading: Reading) -> ParseError | None:
    """Have `read` add a file inside to what `reading` tells; the reason if it could not."""
    part = Part(reading, label)
    reading.enter(label)
    try:
        reading.budget.add_part()
        read(part)
        part.expect_text()
    except ParseError as error:
        reason = error
    except MemoryError:
        reason = OutOfMemory()
    except RecursionError:
        reason = NestedTooDeeply()
    else:
        reading.has_text = True
        return None
    reading.leave_out(label, "in_part" if part.has_text else reason.code)
    return reason


def read_data(data: bytes, name: str, part: Part) -> None:
    """Read `data`, whose kind its bytes tell and, between kinds that look alike, its `name`. Raises a ParseError."""
    kind = sniff_data(data, name=name)
    if kind == "image":
        raise PictureInside
    if kind in CONTAINERS:
        open_container(part)
    elif part.is_passed:
        part.has_text = True
        return
    load(kind).read(data, part)


def open_container(part: Part) -> None:
    """Nothing, where one may look for more files inside `part`. Raises PackedTooDeeply."""
    if part.depth >= MAX_DEPTH:
        raise PackedTooDeeply


def shown_name(given: str) -> str:
    """The name of a file inside as it is shown: what it is called there is never a path of ours."""
    steps = [clean_name(step) for step in _SLASHES.split(given) if step.strip(". ")]
    name = "/".join(steps) or clean_name("")
    return name if len(name) <= NAME_MAX_CHARS else f"…{name[1 - NAME_MAX_CHARS :]}"
