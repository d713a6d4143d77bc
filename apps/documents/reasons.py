"""Why a file could not be read, and what is to be known of one that was, in the reader's language: rows and frames keep codes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext, override

from apps.core.live import encode
from apps.documents.parsing.errors import by_code
from apps.documents.parsing.notices import Notice

_DOCUMENT_FRAME = '{"type":"document",'


def in_your_words(reason: str, code: str) -> str:
    """`reason` in the language of now; where it names details that no translator has seen, the plain sentence of its `code`."""
    for sentence in filter(None, (reason, by_code(code).sentence)):
        if (said := gettext(sentence)) != sentence:
            return said
    return reason


def notes_in_your_words(stored: Sequence[Mapping[str, Any] | str]) -> list[str]:
    """What the stored notices of a file say, in the language of now; release 0.1 stored English sentences."""
    return [notice if isinstance(notice, str) else Notice.from_json(notice).sentence(gettext) for notice in stored]


def for_reader(raw: str, language: str) -> str:
    """The encoded frame `raw` as a reader of `language` gets it: why a file failed, and what is to be known about it, in words."""
    if not raw.startswith(_DOCUMENT_FRAME):
        return raw
    frame = json.loads(raw)
    if not (frame.get("reason") or frame.get("warnings")):
        return raw
    with override(language):
        frame["reason"] = in_your_words(frame["reason"], frame["reason_code"]) if frame["reason"] else ""
        frame["warnings"] = notes_in_your_words(frame["warnings"])
    return encode(frame)
