"""How a worker tells the supervisor that it takes work: by a file, because it listens nowhere."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "GEMMAWEB_READY_FILE"


def tell_ready() -> None:
    """Say that this process takes work; nothing where no supervisor has asked."""
    if path := os.environ.get(VARIABLE):
        Path(path).touch()
