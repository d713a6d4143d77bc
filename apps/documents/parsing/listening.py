"""What a child tells while it reads a file, and why it ended where it did not tell."""

from __future__ import annotations

import logging
import os
import selectors
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from signal import SIGABRT, SIGKILL, SIGXCPU
from time import monotonic
from typing import IO, Any

from apps.documents.parsing.errors import Crashed, OutOfMemory, ParseError, Stopped, TimedOut, TooLargeInside
from apps.documents.parsing.readers import READERS, Reader

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
LAST_BREATH_S = 2.0
READ_BYTES = 64 * 1024
LOGGED_CHARS = 2_000


def messages(order: Mapping[str, Any], source: IO[bytes], *, max_bytes: int, patience: Patience) -> Generator[bytes]:
    """Each message of a child that reads `source` as the `order` says; whoever heard its last word closes this, and the child is gone.

    Raises Stopped, TimedOut, TooLargeInside for a message of more than `max_bytes`, and the reason of a child that ended before.
    """
    source.seek(0)
    with tempfile.TemporaryFile() as errors, _reader(order, source, errors) as reader:
        yield from _lines(reader.output, max_bytes, patience)
        raise _why(reader, errors, order["kind"])


@contextmanager
def _reader(order: Mapping[str, Any], source: IO[bytes], errors: IO[bytes]) -> Iterator[Reader]:
    """The child that reads `source`; gone when the block is left, however it is left."""
    reader = READERS.start(order, source, errors)
    try:
        yield reader
    finally:
        reader.end()


def _lines(output: IO[bytes], max_bytes: int, patience: Patience) -> Iterator[bytes]:
    """Each message as it comes. Raises Stopped, TimedOut, TooLargeInside."""
    pending = bytearray()
    for data in _data(output, patience):
        pending += data
        if b"\n" in data:
            *lines, pending = pending.split(b"\n")
            yield from map(bytes, lines)
        elif len(pending) > max_bytes:
            raise TooLargeInside


def _data(output: IO[bytes], patience: Patience) -> Iterator[bytes]:
    """What comes out of the child until it closes `output`. Raises Stopped, TimedOut."""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            patience.check()
            data = os.read(output.fileno(), READ_BYTES) if selector.select(LOOK_EVERY_S) else None
            if data == b"":
                return
            yield data or b""


class Patience:
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


def _why(reader: Reader, errors: IO[bytes], kind: str) -> ParseError:
    """The reason of a child that ended without its last word."""
    code = reader.code(LAST_BREATH_S)
    if code is None:  # it closed its output and lives on: none of ours does
        return Crashed()
    errors.seek(0)
    said = errors.read().decode(errors="replace")[-LOGGED_CHARS:]
    logger.warning("the reader of a %s file ended with %s: %s", kind, code, said)
    if code == -SIGXCPU:
        return TimedOut()
    is_silent_abort = code == -SIGABRT and not said.strip()  # PDFium without memory; what finds itself damaged says so before it aborts
    if code == -SIGKILL or is_silent_abort or said.rstrip().endswith("MemoryError"):  # the kernel's killer, or Python's own word
        return OutOfMemory()
    return Crashed()
