"""Public ids."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new UUID, version 7 (RFC 9562): 48 bits of milliseconds, then 74 random bits, so ids sort by time of birth."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=(milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))
