"""Vectors as they are sent: a third of what JSON makes of their numbers."""

from __future__ import annotations

import base64
from array import array
from collections.abc import Iterable

Vector = tuple[float, ...]


def packed(vector: Iterable[float]) -> str:
    """The numbers as 32-bit floats, in base64; the OpenAI API's form too."""
    return base64.b64encode(array("f", vector).tobytes()).decode("ascii")


def unpacked(vector: str) -> Vector:
    """What `packed` made a text of."""
    return tuple(array("f", base64.b64decode(vector)))
