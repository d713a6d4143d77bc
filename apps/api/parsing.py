"""Bodies of requests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from apps.api.refusals import DifferentMedia


class BodyParser(Parser):
    """JSON of one meaning, and nothing at all where a body is optional."""

    def parse_body(self, request: HttpRequest) -> Any:
        """What the body says; None for an empty one. Raises DifferentMedia, ValueError, RecursionError."""
        if not request.body:
            return None
        if request.content_type not in {"", "application/json"}:
            raise DifferentMedia
        return json.loads(request.body.decode(), object_pairs_hook=_each_once, parse_constant=_no_number)

    def parse_querydict(self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest) -> Any:
        """The fields of an address or of a form. Raises DifferentMedia where files are wanted and something else was sent."""
        if data is request.FILES and request.content_type != "multipart/form-data":
            raise DifferentMedia
        return super().parse_querydict(data, list_fields, request)


def _each_once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The object. A name that stands twice means one thing to us and maybe another to whoever looked at the request before."""
    known: dict[str, Any] = {}
    for name, value in pairs:
        if name in known:
            raise ValueError(name)
        known[name] = value
    return known


def _no_number(word: str) -> None:
    """Python reads NaN and Infinity, which JSON does not have."""
    raise ValueError(word)
