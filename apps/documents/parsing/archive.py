"""A ZIP archive from a stranger: parts are read from memory, one by one, within a budget."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from apps.documents.parsing.budget import Budget
from apps.documents.parsing.errors import Damaged, Encrypted, TooLargeInside, UnsupportedKind
from apps.documents.parsing.limits import MIB

RATIO_FROM_BYTES = 10 * MIB
IS_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError, OverflowError, OSError)


class Archive:
    """The parts of a ZIP by name; what is not asked for is never unpacked, and nothing is written to disk."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._budget = budget
        self._limits = budget.limits
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise Damaged from error
        entries = self._zip.infolist()
        if len(entries) > self._limits.max_entries:
            raise TooLargeInside
        self.entries: Sequence[zipfile.ZipInfo] = entries
        self._entries = {entry.filename.replace("\\", "/").lstrip("/"): entry for entry in entries}  # as some programs write them

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def read(self, name: str) -> bytes | None:
        """The part called `name`, or None. Raises Damaged, Encrypted, TooLargeInside, UnsupportedKind."""
        entry = self._entries.get(name)
        return None if entry is None else self.unpacked(entry)

    def unpacked(self, entry: zipfile.ZipInfo) -> bytes:
        """What one of `entries` holds. Raises Damaged, Encrypted, TooLargeInside, UnsupportedKind."""
        if entry.flag_bits & IS_ENCRYPTED:
            raise Encrypted
        self._spend(entry)
        try:
            return self._zip.read(entry)
        except NotImplementedError as error:  # packed in a way that no program has used for thirty years, or by one that few have
            raise UnsupportedKind from error
        except _BROKEN as error:
            raise Damaged from error

    def _spend(self, entry: zipfile.ZipInfo) -> None:
        """Trust the declared size: no more than that is ever unpacked, and a lie ends as a wrong checksum."""
        if entry.file_size > RATIO_FROM_BYTES and entry.file_size > entry.compress_size * self._limits.max_ratio:
            raise TooLargeInside
        self._budget.unpack(entry.file_size)
