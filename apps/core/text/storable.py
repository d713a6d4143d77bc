"""Text that can be stored."""

from __future__ import annotations


def storable(text: str) -> str:
    """`text`, if PostgreSQL takes it: no NUL, and half a surrogate pair is no character. Raises ValueError."""
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not hold NUL characters or halves of surrogate pairs")
    return text
