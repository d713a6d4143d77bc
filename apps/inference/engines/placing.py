"""Which layers of a model go onto which graphics card, by llama.cpp's own way of counting. No Django, no input or output.

llama.cpp puts the last layers onto the cards, the output counting as one behind them, and gives each card a run of them in the cards'
order. What is looked up at the beginning, the tokens' numbers, stays in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MARGIN_BYTES = 1024 * 1024 * 1024  # of each card stays free: llama.cpp's own margin, for what no formula foresees
STEPS = 32  # cards are filled alike, in so many steps


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card as llama.cpp sees it; one that `shares_memory` has none of its own, but that of the machine."""

    name: str
    total_bytes: int
    free_bytes: int
    shares_memory: bool = False


@dataclass(frozen=True, slots=True)
class LayerNeed:
    """What one layer takes, in bytes, wherever it is."""

    weights: int
    context: int


@dataclass(frozen=True, slots=True)
class OnCard:
    """What of a model is on one card: so many layers, and their bytes."""

    card: Card
    layers: int = 0
    weights: int = 0
    context: int = 0
    buffers: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.context + self.buffers


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the layers go: `cards` are all there are, in llama.cpp's order; `of_layers` is how many there are, with the output."""

    cards: tuple[OnCard, ...]
    of_layers: int

    @property
    def layers(self) -> int:
        """How many are on cards."""
        return sum(on.layers for on in self.cards)

    @property
    def only(self) -> int | None:
        """The number of the card that has them all; None where several have some, or none has any."""
        used = [number for number, on in enumerate(self.cards) if on.layers]
        return used[0] if len(used) == 1 else None

    @property
    def own_bytes(self) -> int:
        """The bytes on all cards that have a memory of their own."""
        return sum(on.total for on in self.cards if not on.card.shares_memory)


def place(layers: Sequence[LayerNeed], *, buffers: int, cards: Sequence[Card]) -> Placement:
    """As many of `layers` as the cards have room for, each card with `buffers` of its own: on one card if it has room for as many.

    `layers` end with the output.
    """
    rooms = [card.free_bytes - MARGIN_BYTES - buffers for card in cards]
    runs = max((_runs(layers, tried) for tried in _tries(rooms)), key=sum, default=[])
    return Placement(tuple(_on_cards(layers, runs, buffers, cards)), len(layers))


def _tries(rooms: Sequence[int]) -> list[list[int]]:
    """The rooms that are tried, the best way first: the largest card alone, then all of them, filled ever fuller."""
    if not rooms:
        return []
    largest = max(range(len(rooms)), key=lambda number: rooms[number])
    alone = [room if number == largest else -1 for number, room in enumerate(rooms)]  # not 0: an output of no bytes would go there
    return [alone, *([room * step // STEPS for room in rooms] for step in range(1, STEPS + 1))]


def _runs(layers: Sequence[LayerNeed], rooms: Sequence[int]) -> list[int]:
    """How many layers each card gets: those of the last card are the last ones, and all together they are as many as go in."""
    counts = [0] * len(rooms)
    waiting = list(layers)
    for number in reversed(range(len(rooms))):
        left = rooms[number]
        while waiting and (left := left - waiting[-1].weights - waiting[-1].context) >= 0:
            waiting.pop()
            counts[number] += 1
    return counts


def _on_cards(layers: Sequence[LayerNeed], runs: Sequence[int], buffers: int, cards: Sequence[Card]) -> list[OnCard]:
    """The cards with their runs of layers."""
    start, found = len(layers) - sum(runs), []
    for card, count in zip(cards, runs, strict=True):
        run = layers[start : start + count]
        start += count
        weights, context = sum(layer.weights for layer in run), sum(layer.context for layer in run)
        found.append(OnCard(card, count, weights, context, buffers) if count else OnCard(card))
    return found
