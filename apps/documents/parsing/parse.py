"""Read a file in a child process that has no database, secrets or network, and dies in its place if the file is hostile."""

from __future__ import annotations

import json
import logging
import os
import selectors
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGXCPU
from time import monotonic
from typing import IO, cast

from apps.documents.parsing.errors import (
    Crashed,
    NoText,
    NothingReadable,
    OutOfMemory,
    ParseError,
    Stopped,
    TimedOut,
    TooLargeInside,
    by_code,
)
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.notices import NUMBERS_NAMED_MAX, Detail, Notice
from apps.documents.parsing.places import MAX_NOTICES, PLACE_KINDS, Kind, Parsed, Place, PlaceKind, short, storable
from apps.documents.parsing.readers import READERS, Reader
from apps.documents.parsing.sniff import sniff

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

LOOK_EVERY_S = 0.2
LAST_BREATH_S = 2.0
READ_BYTES = 64 * 1024
LOGGED_CHARS = 2_000
COUNT_MAX = 10**9


def never() -> bool:
    """A `should_stop` for readers that are not to be stopped."""
    return False


def parse_file(
    path: Path, *, name: str, on_progress: Progress, limits: Limits | None = None, should_stop: Callable[[], bool] = never
) -> Parsed:
    """The text of the file at `path`, uploaded as `name`, by place; `on_progress(done, total)` is called on the way for a PDF.

    Raises a ParseError with the reason, or Stopped soon after `should_stop()` is true.
    """
    limits = limits or Limits()
    outcome = _Outcome(sniff(path, name=name), limits, on_progress)
    with path.open("rb") as source, tempfile.TemporaryFile() as errors, _reader(outcome.kind, source, errors, limits) as reader:
        for line in _lines(reader.output, limits, should_stop):
            outcome.take(line)
        if not outcome.is_done:
            raise _why(reader, errors, outcome.kind)
    return outcome.parsed()


@contextmanager
def _reader(kind: Kind, source: IO[bytes], errors: IO[bytes], limits: Limits) -> Iterator[Reader]:
    """The child that reads `source`; gone when the block is left, however it is left."""
    reader = READERS.start({"kind": kind, "limits": asdict(limits)}, source, errors)
    try:
        yield reader
    finally:
        reader.end()


def _lines(output: IO[bytes], limits: Limits, should_stop: Callable[[], bool]) -> Iterator[bytes]:
    """Each message as it comes. Raises Stopped, TimedOut, TooLargeInside."""
    pending = bytearray()
    for data in _data(output, limits.wall_s, should_stop):
        pending += data
        if b"\n" in data:
            *lines, pending = pending.split(b"\n")
            yield from map(bytes, lines)
        elif len(pending) > 4 * limits.max_characters + MIB:
            raise TooLargeInside


def _data(output: IO[bytes], wall_s: float, should_stop: Callable[[], bool]) -> Iterator[bytes]:
    """What comes out of the child until it closes `output`. Raises Stopped, TimedOut."""
    patience = _Patience(wall_s, should_stop)
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            patience.check()
            data = os.read(output.fileno(), READ_BYTES) if selector.select(LOOK_EVERY_S) else None
            if data == b"":
                return
            yield data or b""


class _Patience:
    """How long the child may go on: the clock, and what the caller wants."""

    def __init__(self, wall_s: float, should_stop: Callable[[], bool]) -> None:
        self._deadline = monotonic() + wall_s
        self._should_stop = should_stop
        self._look_at = 0.0

    def check(self) -> None:
        """Asks the caller a few times a second, whatever the child does. Raises Stopped, TimedOut."""
        now = monotonic()
        if now > self._deadline:
            raise TimedOut
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY_S
        if self._should_stop():
            raise Stopped


def _why(reader: Reader, errors: IO[bytes], kind: Kind) -> ParseError:
    """The reason of a child that ended without its last word."""
    code = reader.code(LAST_BREATH_S)
    if code is None:  # it closed its output and lives on: none of ours does
        return Crashed()
    errors.seek(0)
    said = errors.read().decode(errors="replace")[-LOGGED_CHARS:]
    logger.warning("the reader of a %s file ended with %s: %s", kind, code, said)
    if code == -SIGXCPU:
        return TimedOut()
    if code == -SIGKILL or said.rstrip().endswith("MemoryError"):  # the kernel's out-of-memory killer, or Python's own word
        return OutOfMemory()
    return Crashed()


@dataclass
class _Outcome:
    """What the child told so far. It may be in a stranger's hands: every message is checked."""

    kind: Kind
    limits: Limits
    on_progress: Progress
    title: str = ""
    places: list[Place] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    characters: int = 0
    is_done: bool = False

    def take(self, line: bytes) -> None:
        """Note one message. Raises the ParseError that it carries, Crashed for one that is none of ours."""
        match _decoded(line):
            case ["progress", int(done), int(total)]:
                self.on_progress(done, total)
            case ["place", str(label), str(kind), str(text)] if kind in PLACE_KINDS:
                self._add(Place(number=len(self.places) + 1, label=short(label), kind=cast("PlaceKind", kind), text=storable(text)))
            case ["title", str(title)]:
                self.title = short(title)
            case ["notice", str(code), dict(details), str(part)] if len(self.notices) <= MAX_NOTICES:
                self.notices.append(_checked(code, details, part))
            case ["failed", str(code)]:
                raise self._failed(by_code(code))
            case ["done"]:
                self.is_done = True
            case _:
                raise Crashed

    def _failed(self, error: ParseError) -> ParseError:
        """`error`; one that is about the files inside comes with what is to be said of each."""
        error.notices = self.notices if isinstance(error, NothingReadable) else ()
        return error

    def parsed(self) -> Parsed:
        if not any(place.text.strip() for place in self.places):
            raise NoText
        return Parsed(kind=self.kind, title=self.title, places=self.places, notices=self.notices)

    def _add(self, place: Place) -> None:
        self.characters += len(place.text)
        if self.characters > self.limits.max_characters or place.number > self.limits.max_places:
            raise TooLargeInside
        self.places.append(place)


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


def _decoded(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
