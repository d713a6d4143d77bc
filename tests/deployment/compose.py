"""docker-compose.yml as Docker Compose reads it: variables filled in, `$$` a dollar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:-|:\?)([^}]*))?\})")
PASSWORDS = ("POSTGRES_PASSWORD", "POSTGRES_SUPERUSER_PASSWORD", "VALKEY_PASSWORD")


class Missing(Exception):
    """A variable without which Compose refuses to start."""


def fill(text: str, variables: Mapping[str, str]) -> str:
    """`text` with its variables. Raises Missing, with the name, for one that has to be set."""

    def value(match: re.Match[str]) -> str:
        name, kind, more = match.groups()
        if name is None:
            return "$"
        if found := variables.get(name):
            return found
        if kind == ":?":
            raise Missing(name)
        return more or ""

    return VARIABLE.sub(value, text)


def read(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file; as it stands, or with its variables filled in."""
    document: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return document if variables is None else _filled(document, variables)


def _filled(part: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(part, str):
        return fill(part, variables)
    if isinstance(part, list):
        return [_filled(each, variables) for each in part]
    if isinstance(part, dict):
        return {name: _filled(value, variables) for name, value in part.items()}
    return part
