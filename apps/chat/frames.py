"""The frames that a browser may send, and the reader that lets nothing else through. docs/protocol.md is the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.chat.services import KEY_MAX_CHARS
from apps.core.errors import ProductError

FRAME_MAX_BYTES = 256 * 1024
SLUG_MAX_CHARS = 60


class BadFrame(ProductError):
    """The frame is not one of the protocol's; `fields` says where."""

    code = "bad_frame"
    status = 400
    sentence = _("The page sent something that the server does not understand. Reload the page.")


@dataclass(frozen=True, slots=True)
class Join:
    """Follow this conversation, and no other one any more."""

    conversation: UUID


@dataclass(frozen=True, slots=True)
class Ask:
    """Queue an answer; `key` makes a resent question the same question."""

    workspace: str
    conversation: UUID | None
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Send all that was shown of this run so far."""

    run: UUID


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop this run; what was written is kept."""

    run: UUID


@dataclass(frozen=True, slots=True)
class Watch:
    """Send what happens to this workspace's documents."""

    workspace: str


Received = Join | Ask | Snapshot | Stop | Watch


def _id(value: Any) -> UUID:
    if not isinstance(value, str):
        raise ValueError("must be an id")
    try:
        return UUID(value)
    except ValueError:
        raise ValueError("must be an id") from None


def _id_or_none(value: Any) -> UUID | None:
    return None if value is None else _id(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _short(value: Any, *, max_chars: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= max_chars or not value.isprintable():
        raise ValueError(f"must be 1 to {max_chars} printable characters")
    return value


_slug, _key = partial(_short, max_chars=SLUG_MAX_CHARS), partial(_short, max_chars=KEY_MAX_CHARS)
_READERS: Mapping[str, tuple[Callable[..., Received], Mapping[str, Callable[[Any], Any]]]] = {
    "join": (Join, {"conversation": _id}),
    "ask": (Ask, {"workspace": _slug, "conversation": _id_or_none, "text": _text, "key": _key}),
    "snapshot": (Snapshot, {"run": _id}),
    "stop": (Stop, {"run": _id}),
    "watch": (Watch, {"workspace": _slug}),
}


def parse(raw: str | None) -> Received:
    """The frame in `raw`. Raises BadFrame on anything that is not exactly one of the protocol's."""
    fields = _object(raw)
    kind = fields.pop("type", None)
    if not isinstance(kind, str) or kind not in _READERS:
        raise BadFrame(fields={"type": "is unknown"})
    make, readers = _READERS[kind]
    wrong = {_named(name): "is unknown" for name in fields.keys() - readers.keys()}
    wrong |= dict.fromkeys(readers.keys() - fields.keys(), "is missing")
    values = {}
    for name in readers.keys() & fields.keys():
        try:
            values[name] = readers[name](fields[name])
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise BadFrame(fields=wrong)
    return make(**values)


def _named(field: str) -> str:
    """A field's name as it can be sent back: half a surrogate pair cannot, and a long one is nobody's slip."""
    return field if field.isprintable() and len(field) <= KEY_MAX_CHARS else "frame"


def _object(raw: str | None) -> dict[str, Any]:
    if raw is None or len(raw) > FRAME_MAX_BYTES or len(raw.encode("utf-8", "surrogatepass")) > FRAME_MAX_BYTES:
        raise BadFrame(fields={"frame": f"must be text of at most {FRAME_MAX_BYTES} bytes"})
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadFrame(fields={"frame": "is not JSON"}) from None
    if not isinstance(value, dict):
        raise BadFrame(fields={"frame": "must be a JSON object"})
    return value
