"""Calls of tools, from the parts in which llama.cpp tells them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .base import CallPiece, ToolCall


class CallReader:
    """Puts calls together, and lets each through once, when it is whole.

    Gemma repeats a call now and then (llama.cpp #21882); a call that the limit of tokens has cut is none.
    """

    def __init__(self) -> None:
        self._index = -1
        self._open: ToolCall | None = None
        self._known: set[tuple[str, str]] = set()

    def take(self, parts: Sequence[Mapping[str, Any]]) -> list[CallPiece]:
        """The calls that have become whole."""
        whole: list[CallPiece] = []
        for part in parts:
            if part["index"] != self._index:
                whole += self.finish()
                self._index, self._open = part["index"], ToolCall("", "", "")
            self._open = _grown(self._open or ToolCall("", "", ""), part)
        return whole

    def finish(self) -> list[CallPiece]:
        """The last call, if it is whole and was not made before."""
        call, self._open = self._open, None
        if call is None or not _is_whole(call) or (call.name, call.arguments) in self._known:
            return []
        self._known.add((call.name, call.arguments))
        return [CallPiece(replace(call, arguments=call.arguments or "{}"))]


def _grown(call: ToolCall, part: Mapping[str, Any]) -> ToolCall:
    function = part.get("function") or {}
    name, arguments = call.name + (function.get("name") or ""), call.arguments + (function.get("arguments") or "")
    return ToolCall(part.get("id") or call.id, name, arguments)


def _is_whole(call: ToolCall) -> bool:
    try:
        return bool(call.name) and isinstance(json.loads(call.arguments or "{}"), dict)
    except ValueError:
        return False
