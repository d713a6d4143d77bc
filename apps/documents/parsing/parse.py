"""Read a file in a child process that has no database, secrets or network, and dies in its place if the file is hostile."""

from __future__ import annotations

import logging
import os
import selectors
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGXCPU
from time import monotonic
from typing import IO, Any

from apps.documents.parsing.errors import Crashed, OutOfMemory, ParseError, Stopped, TimedOut, TooLargeInside
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.outcome import Outcome, Progress
from apps.documents.parsing.places import Kind, Parsed
from apps.documents.parsing.readers import READERS, Reader
from apps.documents.parsing.sniff import sniff

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
LAST_BREATH_S = 2.0
READ_BYTES = 64 * 1024
LOGGED_CHARS = 2_000


def never() -> bool:
    """A `should_stop` for readers that are not to be stopped."""
    return False


def parse_file(
    path: Path, *, name: str, on_progress: Progress, limits: Limits | None = None, should_stop: Callable[[], bool] = never
) -> Parsed:
    """The text of the file at `path`, uploaded as `name`, by place; `on_progress(done, total)` is called on the way for a PDF.

    Raises a ParseError with the reason, or Stopped soon after `should_stop()` is true.
    """
    limits = limits or Limits.for_file(path.stat().st_size)
    outcome = Outcome(sniff(path, name=name), limits, on_progress)
    patience = _Patience(limits.wall_s, should_stop)
    with path.open("rb") as source:
        while not outcome.is_done:
            try:
                _read_on(source, outcome, patience)
            except (Crashed, OutOfMemory, TimedOut) as error:
                outcome.go_on_after(error, is_late=patience.is_over)
    return outcome.parsed()


def _read_on(source: IO[bytes], outcome: Outcome, patience: _Patience) -> None:
    """Have a child read `source` to its end, or as far as it comes. Raises a ParseError, Stopped."""
    source.seek(0)
    with tempfile.TemporaryFile() as errors, _reader(outcome.order(), source, errors) as reader:
        for line in _lines(reader.output, outcome.limits, patience):
            outcome.take(line)
        if not outcome.is_done:
            raise _why(reader, errors, outcome.kind)


@contextmanager
def _reader(order: Mapping[str, Any], source: IO[bytes], errors: IO[bytes]) -> Iterator[Reader]:
    """The child that reads `source`; gone when the block is left, however it is left."""
    reader = READERS.start(order, source, errors)
    try:
        yield reader
    finally:
        reader.end()


def _lines(output: IO[bytes], limits: Limits, patience: _Patience) -> Iterator[bytes]:
    """Each message as it comes. Raises Stopped, TimedOut, TooLargeInside."""
    pending = bytearray()
    for data in _data(output, patience):
        pending += data
        if b"\n" in data:
            *lines, pending = pending.split(b"\n")
            yield from map(bytes, lines)
        elif len(pending) > 4 * limits.max_characters + MIB:
            raise TooLargeInside


def _data(output: IO[bytes], patience: _Patience) -> Iterator[bytes]:
    """What comes out of the child until it closes `output`. Raises Stopped, TimedOut."""
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

    @property
    def is_over(self) -> bool:
        """Whether there is no time left."""
        return monotonic() > self._deadline

    def check(self) -> None:
        """Asks the caller a few times a second, whatever the child does. Raises Stopped, TimedOut."""
        if self.is_over:
            raise TimedOut
        now = monotonic()
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
