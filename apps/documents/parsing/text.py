"""Plain text."""

from __future__ import annotations

from apps.documents.parsing.decode import decode
from apps.documents.parsing.errors import UnsupportedKind
from apps.documents.parsing.places import Reading, storable
from apps.documents.parsing.sections import add_text

BROKEN, BROKEN_SHARE = "\ufffd", 0.1


def read(data: bytes, reading: Reading) -> None:
    """Add the text of `data` as it stands, in places that break between paragraphs. Raises UnsupportedKind: it may be none."""
    text = storable(decode(data))
    if text.count(BROKEN) > len(text) * BROKEN_SHARE:
        raise UnsupportedKind
    add_text(reading, text)
