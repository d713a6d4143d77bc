"""Whether a model fits this machine: weights, context and buffers by formula, before a byte is loaded. No Django, no input or output.

The formula of the context is llama.cpp's own (its KV cache, one part a slot); that of the working buffers was fitted to what llama.cpp
reported for ten shapes of the gemma4 family. What was predicted and measured stands in docs/decisions/0010.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .engines.llama import BATCH_TOKENS, CHECKPOINTS, PROMPT_CACHE_MIB
from .engines.model_shape import LayerShape, ModelShape
from .engines.placing import Card, LayerNeed, Placement, place

MIB = 1024 * 1024
VALUE_BYTES = 2  # the cache is f16: anything smaller is wrong with this family
ACTIVATION_BYTES = 4
CELLS_STEP = 256  # llama.cpp makes the cache of a sliding window a multiple of it
PROCESS_BYTES = 44 * MIB  # an engine host without a model: the interpreter and llama.cpp
CHECKPOINT_EVERY_TOKENS = 8192
TOKEN_BYTES = 220  # of a vocabulary in memory, for each token
PROMPT_TOKEN_BYTES = 300  # of a prompt's words, tokens and messages outside of the cache, for each of its tokens
TIGHT_BYTES = 1024 * MIB  # less than this left over is little: llama.cpp's own margin
TIGHT_SHARE = 0.1
CONTEXT_MAX = 262_144

Verdict = Literal["well", "tightly", "not"]


@dataclass(frozen=True, slots=True)
class Setting:
    """How a model is loaded: how many answers it writes at once, and how many tokens each may be long with its prompt.

    A finder reads a text in one batch and goes on with nothing; with adapters nothing is kept of prompts that have left their slots.
    """

    context_tokens: int
    slots: int
    is_finder: bool = False
    has_adapters: bool = False

    @property
    def batch_tokens(self) -> int:
        """How many tokens of a prompt are read at once."""
        return self.context_tokens if self.is_finder else BATCH_TOKENS

    @property
    def prompt_cache_mib(self) -> int:
        """How much is kept of earlier prompts."""
        return 0 if self.is_finder or self.has_adapters else PROMPT_CACHE_MIB

    @property
    def checkpoints(self) -> int:
        """How many copies of its window a slot keeps at most."""
        return 0 if self.is_finder else CHECKPOINTS


@dataclass(frozen=True, slots=True)
class Need:
    """The memory of one model under one setting, in bytes, as it is once it has been busy for a while."""

    weights: int
    context: int
    buffers: int
    earlier: int  # kept of earlier prompts, so that a follow-up need not be read from its beginning

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.context + self.buffers + self.earlier


@dataclass(frozen=True, slots=True)
class Room:
    """The memory of a machine in bytes, and what of it is taken by all but the model; and its graphics cards."""

    total: int
    taken: int
    cards: tuple[Card, ...] = ()

    @property
    def free(self) -> int:
        """What a model may have."""
        return max(0, self.total - self.taken)


@dataclass(frozen=True, slots=True)
class Fit:
    """What comes of a setting on a machine; `nearest` is the largest smaller setting that fits where this one does not, if any does.

    `need` is what the model takes of the machine's memory; what `placement` puts onto graphics cards comes on top.
    """

    setting: Setting
    need: Need
    room: Room
    verdict: Verdict
    placement: Placement
    nearest: Setting | None = None

    @property
    def missing(self) -> int:
        """How many bytes more it would take; 0 where it fits."""
        return max(0, self.need.total - self.room.free)

    @property
    def left(self) -> int:
        """How many bytes nobody uses then."""
        return max(0, self.room.free - self.need.total)


def fit(shape: ModelShape, setting: Setting, room: Room, *, above: int = 0) -> Fit:
    """How the model fares with `setting` in `room`; no context up to `above` is advised."""
    setting = replace(setting, context_tokens=min(setting.context_tokens, shape.context_length))
    placement = placement_of(shape, setting, room.cards)
    need = _need_beside(shape, setting, placement)
    if need.total > room.free:
        return Fit(setting, need, room, "not", placement, _nearest(shape, setting, room, above))
    left_well = max(TIGHT_BYTES, int(room.total * TIGHT_SHARE))
    return Fit(setting, need, room, "well" if room.free - need.total >= left_well else "tightly", placement)


def placement_of(shape: ModelShape, setting: Setting, cards: tuple[Card, ...]) -> Placement:
    """How many of the layers go onto the graphics cards, and onto which."""
    layers = [LayerNeed(layer.weight_bytes, _kept_bytes(layer, shape, setting)) for layer in shape.each_layer]
    return place(layers, buffers=_compute_bytes(shape, setting), cards=cards)


def _need_beside(shape: ModelShape, setting: Setting, placement: Placement) -> Need:
    """What stays in the machine's memory. The output stays there as well, as its card may have but a copy of the tokens' numbers."""
    need = need_of(shape, setting)
    if not placement.layers:
        return need
    inside = shape.each_layer[len(shape.each_layer) - placement.layers : -1]
    moved = sum(layer.weight_bytes for layer in inside), sum(_kept_bytes(layer, shape, setting) for layer in inside)
    back = [on for on in placement.cards if on.card.shares_memory]
    weights = need.weights - moved[0] + sum(on.weights for on in back)
    context = need.context - moved[1] + sum(on.context for on in back)
    return replace(need, weights=weights, context=context, buffers=need.buffers + sum(on.buffers for on in back))


def _kept_bytes(layer: LayerShape, shape: ModelShape, setting: Setting) -> int:
    """What one layer keeps of the context, for all slots."""
    whole = setting.context_tokens * layer.all_values
    return setting.slots * (whole + _window_cells(shape, setting) * layer.sliding_values) * VALUE_BYTES


def need_of(shape: ModelShape, setting: Setting) -> Need:
    """The parts of the memory that the model takes."""
    return Need(
        weights=shape.weight_bytes,
        context=_context_bytes(shape, setting),
        buffers=_buffer_bytes(shape, setting),
        earlier=setting.prompt_cache_mib * MIB + _checkpoint_bytes(shape, setting),
    )


def contexts(shape: ModelShape, *, above: int = 0) -> list[int]:
    """The contexts that make sense for a model: powers of two above `above`, and the longest that it was made for."""
    longest = min(shape.context_length, CONTEXT_MAX)
    return sorted({longest, *(1 << power for power in range(9, 19) if above < 1 << power <= longest)})


def _context_bytes(shape: ModelShape, setting: Setting) -> int:
    whole = setting.context_tokens * shape.all_values * VALUE_BYTES
    return setting.slots * (whole + _window_bytes(shape, setting))


def _window_bytes(shape: ModelShape, setting: Setting) -> int:
    """What the sliding layers keep for one slot: their window, and a batch more while a prompt is read."""
    return _window_cells(shape, setting) * shape.sliding_values * VALUE_BYTES


def _window_cells(shape: ModelShape, setting: Setting) -> int:
    cells = min(setting.context_tokens, shape.window + setting.batch_tokens) if shape.window else 0
    return -(-cells // CELLS_STEP) * CELLS_STEP


def _checkpoint_bytes(shape: ModelShape, setting: Setting) -> int:
    """Copies of the window from which an answer can be begun again. Seen: two in a short talk, three at 10,000 tokens, four at 25,000."""
    window = min(shape.window, setting.context_tokens) * shape.sliding_values * VALUE_BYTES
    return min(setting.checkpoints, 2 + setting.context_tokens // CHECKPOINT_EVERY_TOKENS) * setting.slots * window


def _buffer_bytes(shape: ModelShape, setting: Setting) -> int:
    return _compute_bytes(shape, setting) + _process_bytes(shape, setting)


def _compute_bytes(shape: ModelShape, setting: Setting) -> int:
    """Masks of a batch, the widest moment of a layer, and one row of the vocabulary a slot. On graphics cards each has its own."""
    row = setting.batch_tokens * ACTIVATION_BYTES
    cells = setting.context_tokens + _window_cells(shape, setting)
    masks = cells * setting.batch_tokens * VALUE_BYTES
    extras = shape.layers * shape.per_layer_width
    in_a_layer = extras + max(2 * shape.attention_width, 3 * shape.feed_forward) + 5 * shape.width
    at_the_start = 3 * extras + 6 * shape.width
    rows = setting.slots * shape.vocabulary * ACTIVATION_BYTES
    return masks + row * max(in_a_layer, at_the_start) + rows


def _process_bytes(shape: ModelShape, setting: Setting) -> int:
    """What the host has beside llama.cpp's buffers: measured on hosts of five shapes, busy in every slot."""
    prompts = setting.slots * setting.context_tokens * PROMPT_TOKEN_BYTES
    return PROCESS_BYTES + shape.vocabulary * TOKEN_BYTES + prompts


def _nearest(shape: ModelShape, wanted: Setting, room: Room, above: int) -> Setting | None:
    """The setting that leaves most tokens of what was wanted; of two that leave as many, the one with the longer context."""
    shorter = [known for known in contexts(shape, above=above) if known <= wanted.context_tokens]
    lengths = {*shorter, wanted.context_tokens}
    smaller = [replace(wanted, context_tokens=known, slots=slots) for known in lengths for slots in range(1, wanted.slots + 1)]
    fitting = [one for one in smaller if _need_beside(shape, one, placement_of(shape, one, room.cards)).total <= room.free]
    return max(fitting, key=lambda one: (one.slots * one.context_tokens, one.context_tokens), default=None)
