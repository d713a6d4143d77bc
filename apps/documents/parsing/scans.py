"""Pages that are pictures: a child draws them, tesseract reads them, and whoever asks is told to check the figures."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from typing import IO

from apps.documents.parsing import tesseract
from apps.documents.parsing.errors import Crashed, Damaged, NoWords, OutOfMemory, PictureUnread, TimedOut, by_code
from apps.documents.parsing.limits import MIB
from apps.documents.parsing.listening import Patience, messages
from apps.documents.parsing.notices import Notice
from apps.documents.parsing.outcome import Outcome, decoded
from apps.documents.parsing.rasters import RASTER_MAX_DOTS, Raster

DRAWN_KINDS = frozenset({"pdf", "image"})
PAGES_MAX = 300  # 150 s on an idle core
CPU_S, CPU_S_OF_A_PAGE = 20, 1  # a page takes 0.1 s
DOTS_MAX = RASTER_MAX_DOTS + MIB  # sizes are rounded
MESSAGE_MAX_BYTES = 2 * DOTS_MAX


def read_scans(source: IO[bytes], outcome: Outcome, patience: Patience) -> None:
    """Fill the pages of `outcome` that have no text with what can be read in them, and note which they are.

    Raises PictureUnread where no recogniser is installed; Damaged, NoWords and others where a picture or scan has nothing to read.
    """
    empty = outcome.empty_pages() if outcome.kind in DRAWN_KINDS else []
    if not empty:
        return
    if tesseract.installed():
        _Scans(empty, outcome, patience).read(source)
    elif outcome.kind == "image":
        raise PictureUnread


class _Scans:
    """The pages without text, on their way to one."""

    def __init__(self, empty: Sequence[int], outcome: Outcome, patience: Patience) -> None:
        self._waiting = list(empty)
        self._outcome = outcome
        self._patience = patience
        self._read: list[int] = []
        self._without_text: list[int] = []
        self._undrawn: list[int] = []

    def read(self, source: IO[bytes]) -> None:
        """Page by page, as far as it goes within the limits. Raises a ParseError where there is no text at all, Stopped."""
        try:
            with closing(_drawn(source, self._outcome, self._waiting[:PAGES_MAX], self._patience)) as pages:
                for page in pages:
                    self._take(page)
        except (Crashed, OutOfMemory, TimedOut):
            if not self._outcome.has_text:
                raise
        self._say()

    def _take(self, page: Raster | int) -> None:
        number = page if isinstance(page, int) else page.number
        if isinstance(page, int):
            self._undrawn.append(number)
        elif text := "" if page.is_blank else tesseract.words_of(page, self._patience):
            self._outcome.fill(number, text)
            self._read.append(number)
        else:
            self._without_text.append(number)
        self._waiting.remove(number)
        self._outcome.on_progress(number, len(self._outcome.places))

    def _say(self) -> None:
        """Raises Damaged, NoWords."""
        is_picture = self._outcome.kind == "image"
        if is_picture and not self._outcome.has_text:
            raise NoWords if self._without_text else Damaged
        about = {"without_text": self._without_text, "left": self._waiting}
        if is_picture and len(self._outcome.places) == 1:
            self._outcome.note(Notice("picture_read"))
        else:
            about["from_picture"] = self._read
        self._outcome.note_pages(about, unreadable=self._undrawn)


def _drawn(source: IO[bytes], outcome: Outcome, numbers: Sequence[int], patience: Patience) -> Generator[Raster | int]:
    """Those pages as a child draws them; of one that it cannot draw only the number. Raises a ParseError, Stopped."""
    limits = replace(outcome.limits, cpu_s=CPU_S + CPU_S_OF_A_PAGE * len(numbers))
    order = {"kind": outcome.kind, "limits": asdict(limits), "pages": numbers}
    asked = list(numbers)
    with closing(messages(order, source, max_bytes=MESSAGE_MAX_BYTES, patience=patience)) as told:
        for line in told:
            match decoded(line):
                case ["raster", int(number), int(width), int(height), str(data)] if number in asked:
                    yield _checked(Raster(number, width, height, _dots(data)))
                    asked.remove(number)
                case ["undrawn", int(number)] if number in asked:
                    yield number
                    asked.remove(number)
                case ["failed", str(code)]:
                    raise by_code(code)
                case ["done"]:
                    return
                case _:
                    raise Crashed


def _dots(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Crashed from error


def _checked(raster: Raster) -> Raster:
    """`raster`, if it is what it says. Raises Crashed."""
    if min(raster.width, raster.height) < 1 or raster.width * raster.height != len(raster.data) or len(raster.data) > DOTS_MAX:
        raise Crashed
    return raster
