"""How much a file may cost to read, and how much may come out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

MIB = 1024 * 1024
CPU_S_OF_SMALL = 40  # what 3,000,000 cells of a spreadsheet take, and some


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one child; the defaults read a 100 MB PDF and a 7,000-page book."""

    memory_bytes: int = 1024 * MIB
    cpu_s: int = 120
    wall_s: float = 600.0  # longer than cpu_s: the machine may be busy answering
    max_characters: int = 110_000_000  # a text file of the largest upload
    max_places: int = 20_000
    max_cells: int = 3_000_000  # 30 s
    max_unpacked_bytes: int = 200 * MIB
    max_entries: int = 10_000
    max_ratio: int = 200  # unpacked to packed, for a part of more than 10 MiB; real DOCX text stays below 60

    @classmethod
    def for_file(cls, size_bytes: int) -> Limits:
        """The limits for a file of that size: a small one gets less time, for what takes it long is made to."""
        limits = cls()
        return replace(limits, cpu_s=min(limits.cpu_s, CPU_S_OF_SMALL + size_bytes // MIB))
