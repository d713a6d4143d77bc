"""What children told about a file, as far as they came. They may be in a stranger's hands: every message is checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import cast

from apps.documents.parsing.errors import Crashed, NoText, NothingReadable, ParseError, TooLargeInside, by_code
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.notices import NUMBERS_NAMED_MAX, SENTENCES, Detail, Notice, numbered
from apps.documents.parsing.places import MAX_NOTICES, PLACE_KINDS, Kind, Parsed, Place, PlaceKind, short, storable

Progress = Callable[[int, int], None]

COUNT_MAX = 10**9
NAMES_SHOWN_MAX = 5
RESTARTS_MAX = 3
CPU_MIN_S = 5


@dataclass(slots=True)
class _LeftOut:
    """Files inside that were left out for one reason: the names of the first, and how many there are."""

    names: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.names) < NAMES_SHOWN_MAX:
            self.names.append(name)


@dataclass
class Outcome:
    """What is known of one file by now."""

    kind: Kind
    limits: Limits
    on_progress: Progress
    title: str = ""
    places: list[Place] = field(default_factory=list)
    is_done: bool = False
    _notices: list[Notice] = field(default_factory=list)
    _left_out: dict[str, _LeftOut] = field(default_factory=dict)
    _unreadable: set[int] = field(default_factory=set)
    _characters: int = 0
    _part: int = 0
    _part_name: str = ""
    _restarts: int = 0
    _first_part: int = 0

    def take(self, line: bytes) -> None:
        """Note one message. Raises the ParseError that it carries, Crashed for one that is none of ours."""
        match decoded(line):
            case ["progress", int(done), int(total)]:
                self.on_progress(done, total)
            case ["place", str(label), str(kind), str(text)] if kind in PLACE_KINDS:
                self._add(Place(number=len(self.places) + 1, label=short(label), kind=cast("PlaceKind", kind), text=storable(text)))
            case ["unreadable"] if self.places:
                self._unreadable.add(len(self.places))
            case ["title", str(title)]:
                self.title = short(title)
            case ["notice", str(code), dict(details), str(part)] if len(self._notices) <= MAX_NOTICES:
                self._notices.append(_checked(code, details, part))
            case ["part", int(number), str(name)]:
                self._part, self._part_name = number, short(name)
            case ["left_out", str(code), str(name)]:
                self._leave_out(code, short(name))
            case ["failed", str(code)]:
                raise self._with_notices(by_code(code))
            case ["done"]:
                self.is_done = True
            case _:
                raise Crashed

    def note(self, notice: Notice) -> None:
        """What the caller itself has to say about the file."""
        self._notices.append(notice)

    def order(self) -> dict[str, object]:
        """What the next child is to be told: how much it may cost, and where to begin."""
        left = replace(
            self.limits,
            cpu_s=max(self.limits.cpu_s >> self._restarts, min(CPU_MIN_S, self.limits.cpu_s)),
            max_characters=self.limits.max_characters - self._characters,
            max_places=self.limits.max_places - len(self.places),
        )
        return {"kind": self.kind, "limits": asdict(left), "first_part": self._first_part}

    def go_on_after(self, error: ParseError, *, is_late: bool) -> None:
        """Leave out the file inside on which a child ended, and go on with the next one, or with what there is by now if it `is_late`.

        Raises `error` where it was no file inside, or where nothing at all has been read.
        """
        if self._part < max(self._first_part, 1):
            raise error
        self._leave_out(error.code, self._part_name)
        self._first_part = self._part + 1
        self._restarts += 1
        if is_late or self._restarts > RESTARTS_MAX:
            self.note(Notice("rest_left_out", {"name": self._part_name}))
            self.is_done = True

    def empty_pages(self) -> list[int]:
        """The numbers of the pages without text that may have a picture of it."""
        pages = (place.number for place in self.places if place.kind == "page" and not place.text.strip())
        return [number for number in pages if number not in self._unreadable]

    def fill(self, number: int, text: str) -> None:
        """Give page `number` the text that was read from its picture. Raises TooLargeInside."""
        text = storable(text)
        self._count(len(text))
        self.places[number - 1] = replace(self.places[number - 1], text=text)

    def note_pages(self, about: Mapping[str, Sequence[int]], *, unreadable: Sequence[int]) -> None:
        """Say of which pages what is known now, in place of what the child said."""
        known = {**about, "unreadable": sorted(self._unreadable.union(unreadable))}
        said = {f"{one}_{what}" for one in ("page", "pages") for what in ("without_text", "unreadable")}
        self._notices = [notice for notice in self._notices if notice.code not in said or notice.part]
        self._notices += [numbered(what, numbers) for what, numbers in known.items() if numbers]

    @property
    def has_text(self) -> bool:
        """Whether there is anything to read by now."""
        return any(place.text.strip() for place in self.places)

    def parsed(self) -> Parsed:
        """The file as it was read. Raises NoText, NothingReadable."""
        if not self.has_text:
            raise self._with_notices(NothingReadable() if self._left_out else NoText())
        return Parsed(kind=self.kind, title=self.title, places=self.places, notices=list(self._all_notices()))

    def _with_notices(self, error: ParseError) -> ParseError:
        """`error`; one that is about the files inside comes with what is to be said of each."""
        error.notices = list(self._all_notices()) if isinstance(error, NothingReadable) else ()
        return error

    def _all_notices(self) -> Iterator[Notice]:
        yield from self._notices
        for code, files in self._left_out.items():
            yield Notice(f"left_out_{code}", {"names": files.names, "more": files.count - len(files.names)})

    def _leave_out(self, code: str, name: str) -> None:
        if f"left_out_{code}" not in SENTENCES:
            raise Crashed
        self._left_out.setdefault(code, _LeftOut()).add(name)

    def _add(self, place: Place) -> None:
        self._count(len(place.text))
        if place.number > self.limits.max_places:
            raise TooLargeInside
        self.places.append(place)

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > self.limits.max_characters:
            raise TooLargeInside


def _checked(code: str, details: dict[str, object], part: str) -> Notice:
    """A notice that can be said and stored. Raises Crashed for one that no reader of ours makes."""
    kept = {name: short(detail) if isinstance(detail, str) else detail for name, detail in details.items()}
    if not all(map(_is_detail, kept.values())):
        raise Crashed
    notice = Notice(code, cast("dict[str, Detail]", kept), short(part))
    try:
        notice.sentence()
    except (KeyError, ValueError, TypeError) as error:
        raise Crashed from error
    return notice


def _is_detail(detail: object) -> bool:
    numbers = detail if isinstance(detail, list) and 0 < len(detail) <= NUMBERS_NAMED_MAX else [detail]
    return isinstance(detail, str) or all(isinstance(number, int) and 0 <= number < COUNT_MAX for number in numbers)


def decoded(line: bytes) -> object:
    """A message; None for what is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
