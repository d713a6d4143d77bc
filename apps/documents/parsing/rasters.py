"""Pages and pictures as one byte of gray for each dot: what text recognition reads, whatever they came as."""

from __future__ import annotations

from typing import NamedTuple

RASTER_MAX_DOTS = 25_000_000  # an A3 page at 300 dots an inch takes 17,000,000


class Raster(NamedTuple):
    """A page: `data` holds its rows from above, `width` bytes each."""

    number: int
    width: int
    height: int
    data: bytes

    @property
    def is_blank(self) -> bool:
        """Whether all its dots are alike."""
        return self.data.count(self.data[:1]) == len(self.data)

    def as_pgm(self) -> bytes:
        """The raster as the simplest of all picture files (Portable GrayMap)."""
        return b"P5 %d %d 255\n" % (self.width, self.height) + self.data
