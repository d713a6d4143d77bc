"""Which graphics cards this build of llama.cpp sees: asked in a child, as a driver may end its process, or keep memory of a card.

    python -m apps.inference.devices

prints them as one line of JSON.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path

from .engines.cards import cards_among
from .engines.model_shape import ModelShape
from .engines.placing import Card, Placement
from .fit import Setting, placement_of

logger = logging.getLogger(__name__)
TIMEOUT_S = 60  # the first look at a card may compile its programs
AGAIN_S = 300.0  # where it failed: on a processor that is too old it always will
PROJECT = Path(__file__).resolve().parents[2]


class Listing:
    """The cards as they were first listed. A list that failed is tried again, but no more often than every few minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cards: tuple[Card, ...] | None = None
        self._again_at = 0.0

    def cards(self) -> tuple[Card, ...]:
        """None where llama.cpp cannot be loaded, or its build uses none."""
        with self._lock:
            if self._cards is None and time.monotonic() >= self._again_at:
                self._cards = _listed()
                self._again_at = time.monotonic() + AGAIN_S
            return self._cards or ()


@cache
def listing() -> Listing:
    """That of this process."""
    return Listing()


def cards() -> tuple[Card, ...]:
    """The cards with what is free on them when they are first asked for: none where llama.cpp cannot be loaded, or its build uses none."""
    return listing().cards()


def _listed() -> tuple[Card, ...] | None:
    """What the child says; None where it fails."""
    command = [sys.executable, "-m", "apps.inference.devices"]
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
        return tuple(Card(**card) for card in json.loads(done.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        logger.warning("llama.cpp's graphics cards could not be listed: %s", error)
        return None


def cards_here() -> tuple[Card, ...]:
    """The cards as they are now, asked in this process. Raises ImportError where llama.cpp cannot be loaded."""
    import xllamacpp  # native, and absent where the processor lacks AVX2

    return cards_among(xllamacpp.get_device_info())


def place_here(shape: ModelShape, slots: int, context_tokens: int) -> Placement:
    """Where the layers of a model go that is loaded now, in this process."""
    return placement_of(shape, Setting(context_tokens, slots), cards_here())


def main() -> None:
    """Print the cards, and end without what native code does at an end."""
    sys.stdout.write(json.dumps([asdict(card) for card in cards_here()]) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
