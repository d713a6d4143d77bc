"""Why a file could not be read, in the reader's language: rows and frames keep the reader program's own English sentence."""

from __future__ import annotations

import json

from django.utils.translation import gettext, override

from apps.core.live import encode
from apps.documents.parsing.errors import by_code

_DOCUMENT_FRAME = '{"type":"document",'


def in_your_words(reason: str, code: str) -> str:
    """`reason` in the language of now; where it names details that no translator has seen, the plain sentence of its `code`."""
    for sentence in filter(None, (reason, by_code(code, "").sentence)):
        if (said := gettext(sentence)) != sentence:
            return said
    return reason


def for_reader(raw: str, language: str) -> str:
    """The encoded frame `raw` as a reader of `language` gets it; only a failed file's is changed."""
    if not raw.startswith(_DOCUMENT_FRAME):
        return raw
    frame = json.loads(raw)
    if not (reason := frame.get("reason")):
        return raw
    with override(language):
        frame["reason"] = in_your_words(reason, frame.get("reason_code", ""))
    return encode(frame)
