"""Plain text."""

from __future__ import annotations

from apps.documents.parsing.decode import decode
from apps.documents.parsing.places import Reading, storable
from apps.documents.parsing.sections import add_text


def read(data: bytes, reading: Reading) -> None:
    """Add the text of `data` as it stands, in places that break between paragraphs."""
    add_text(reading, storable(decode(data)))
