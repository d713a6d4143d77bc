"""What one upload has cost so far: a file and all that is packed inside it draw on the same limits."""

from __future__ import annotations

from apps.documents.parsing.errors import TooLargeInside
from apps.documents.parsing.limits import Limits


class Budget:
    """Counts what is spent. What would go beyond a limit is refused and not counted, so that something smaller may still fit."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._places = 0
        self._characters = 0
        self._unpacked_bytes = 0
        self._cells = 0
        self._parts = 0

    def add_place(self, characters: int) -> None:
        """Pay for a place of that many characters. Raises TooLargeInside."""
        if self._places == self.limits.max_places or self._characters + characters > self.limits.max_characters:
            raise TooLargeInside
        self._places += 1
        self._characters += characters

    def unpack(self, size_bytes: int) -> None:
        """Pay for unpacking that many bytes. Raises TooLargeInside."""
        if self._unpacked_bytes + size_bytes > self.limits.max_unpacked_bytes:
            raise TooLargeInside
        self._unpacked_bytes += size_bytes

    def fill_cells(self, count: int) -> None:
        """Pay for that many filled cells of sheets. Raises TooLargeInside."""
        if self._cells + count > self.limits.max_cells:
            raise TooLargeInside
        self._cells += count

    def add_part(self) -> None:
        """Pay for one more file inside. Raises TooLargeInside."""
        if self._parts == self.limits.max_entries:
            raise TooLargeInside
        self._parts += 1
