"""Which module reads which kind. Each has `read(data, reading)`."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import get_args

from apps.documents.parsing.places import Kind

CONTAINERS = frozenset({"zip", "eml", "msg"})  # what they hold may be of any kind
_MODULES = {"odt": "odf", "odp": "odf", "ods": "odf"}  # where the module has not the kind's own name
PARSERS = {kind: f"apps.documents.parsing.{_MODULES.get(kind, kind)}" for kind in get_args(Kind)}


def load(kind: str) -> ModuleType:
    """The module that reads `kind`. Those that it may need for files inside are loaded too: a locked process could not."""
    for needed in PARSERS if kind in CONTAINERS else ():
        importlib.import_module(PARSERS[needed])
    return importlib.import_module(PARSERS[kind])
