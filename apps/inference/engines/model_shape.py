"""The numbers that a model's memory follows from, from the keys of a GGUF header or from a catalogue; None where they do not make sense.

Keys and their meaning are those of llama.cpp; a model with sliding windows names which of its layers slide, and how many of the last
layers use the keys and values of an earlier one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_LAYERS = 512  # llama.cpp's own limit
MAX_WIDTH = 2**20
PER_LAYER_NUMBERS = (  # of these keys a header may give one value for each layer
    ".attention.head_count",
    ".attention.head_count_kv",
    ".attention.sliding_window_pattern",
    ".feed_forward_length",
)
# Where llama.cpp keeps the tensors that are of no layer: what is looked up at the beginning stays in memory, the rest goes with a layer.
HEAD, TOKENS, OUTPUT, INPUT = -1, -2, -3, -4
OF_A_LAYER = re.compile(r"blk\.(\d{1,4})\.")
PLACES = {"output.weight": HEAD, "token_embd.weight": TOKENS, "output_norm.weight": OUTPUT, "output.bias": OUTPUT}
WITH_THE_FIRST = ("per_layer_model_proj", "per_layer_proj_norm")


@dataclass(frozen=True, slots=True)
class LayerShape:
    """One layer, or the output behind the last one: its weights, and the numbers that it keeps for a token, as in ModelShape."""

    weight_bytes: int
    all_values: int = 0
    sliding_values: int = 0


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What of a model decides about memory. `…_values` are numbers that the cache keeps for one token: keys and values of all such layers.

    `all_values` are of the layers that look at the whole context, `sliding_values` of those that look `window` tokens back.
    `parts` are the layers and the output, in this order; empty where nothing but the sums is known.
    """

    weight_bytes: int
    context_length: int
    vocabulary: int
    layers: int
    width: int
    feed_forward: int
    attention_width: int
    per_layer_width: int
    all_values: int
    sliding_values: int = 0
    window: int = 0
    parts: tuple[LayerShape, ...] = ()

    @property
    def each_layer(self) -> tuple[LayerShape, ...]:
        """The layers and the output; where nothing but the sums is known each has its even share, and the output nothing."""
        if self.parts:
            return self.parts
        sums = (self.weight_bytes, self.all_values, self.sliding_values)
        return (*[LayerShape(*(number // self.layers for number in sums))] * self.layers, LayerShape(0))


def read_shape(
    keys: Mapping[str, object], architecture: str, *, weight_bytes: int, vocabulary: int, weights: Mapping[int, int] | None = None
) -> ModelShape | None:
    """The shape of a model with these keys; None where a number is missing or out of all reason.

    `weights` are the bytes by layer, or by the place of what is of none, as `place_of` has it.
    """
    return _Numbers(keys, architecture).shape(weight_bytes=weight_bytes, vocabulary=vocabulary, weights=weights)


def kept_shape(saved: Mapping[str, Any]) -> ModelShape:
    """The shape that was saved by `asdict`."""
    parts = tuple(LayerShape(**part) for part in saved.get("parts", ()))
    return ModelShape(**{**saved, "parts": parts})


def place_of(tensor: str) -> int:
    """The layer that a tensor belongs to, or which of the places that are no layer."""
    if of_layer := OF_A_LAYER.match(tensor):
        return int(of_layer[1])
    return 0 if tensor.startswith(WITH_THE_FIRST) else PLACES.get(tensor, INPUT)


class _Numbers:
    """The keys of one architecture, each as a whole number within bounds."""

    def __init__(self, keys: Mapping[str, object], architecture: str) -> None:
        self._keys = keys
        self._architecture = architecture
        self._layers = self._number("block_count", low=1, high=MAX_LAYERS)
        self._width = self._number("embedding_length", low=1)

    def shape(self, *, weight_bytes: int, vocabulary: int, weights: Mapping[int, int] | None) -> ModelShape | None:
        heads = self._of_each_layer("attention.head_count")
        context_length = self._number("context_length", low=1, high=2**31)
        if not self._layers or not self._width or not context_length or not heads or max(heads) < 1:
            return None
        window = self._number("attention.sliding_window", high=2**31)
        slides = self._of_each_layer("attention.sliding_window_pattern") if window else [0] * self._layers
        kept = list(self._values_of_a_token(heads, slides))
        return ModelShape(
            weight_bytes=weight_bytes,
            context_length=context_length,
            vocabulary=vocabulary,
            layers=self._layers,
            width=self._width,
            feed_forward=max([*self._of_each_layer("feed_forward_length"), self._experts_width()]),
            attention_width=max(heads) * self._head_width("key_length", heads, is_sliding=False),
            per_layer_width=self._number("embedding_length_per_layer_input"),
            all_values=sum(values for values, is_sliding in kept if not is_sliding),
            sliding_values=sum(values for values, is_sliding in kept if is_sliding),
            window=window,
            parts=self._parts(kept, Counter(weights)) if weights else (),
        )

    def _parts(self, kept: Sequence[tuple[int, bool]], weights: Counter[int]) -> tuple[LayerShape, ...]:
        """The layers, then the output: without a head of its own that uses the tokens' numbers, of which it gets a copy."""
        sliding = [values if is_sliding else 0 for values, is_sliding in kept] + [0] * (self._layers - len(kept))
        whole = [0 if is_sliding else values for values, is_sliding in kept] + [0] * (self._layers - len(kept))
        layers = [LayerShape(weights[layer], whole[layer], sliding[layer]) for layer in range(self._layers)]
        return (*layers, LayerShape(weights[OUTPUT] + (weights[HEAD] or weights[TOKENS])))

    def _values_of_a_token(self, heads: Sequence[int], slides: Sequence[int]) -> Iterator[tuple[int, bool]]:
        """For each layer with a cache of its own: how many numbers it keeps for a token, and whether it slides."""
        kv_heads = self._of_each_layer("attention.head_count_kv") or heads
        owners = max(0, self._layers - self._number("attention.shared_kv_layers", high=MAX_LAYERS))
        is_sliding = [bool(slide) for slide in slides] or [False] * self._layers
        for layer in range(owners):
            width = sum(self._head_width(name, heads, is_sliding=is_sliding[layer]) for name in ("key_length", "value_length"))
            yield kv_heads[layer] * width, is_sliding[layer]

    def _head_width(self, name: str, heads: Sequence[int], *, is_sliding: bool) -> int:
        width = self._number(f"attention.{name}") or self._width // max(heads)
        return (self._number(f"attention.{name}_swa") if is_sliding else 0) or width

    def _experts_width(self) -> int:
        """How wide the layers of all experts are that read a token together; 0 in a model without experts."""
        return self._number("expert_used_count", high=MAX_LAYERS) * self._number("expert_feed_forward_length")

    def _number(self, name: str, *, low: int = 0, high: int = MAX_WIDTH) -> int:
        """The number; 0 where it is missing or no sensible one."""
        value = self._keys.get(f"{self._architecture}.{name}")
        return int(value) if isinstance(value, int) and low <= value <= high else 0

    def _of_each_layer(self, name: str) -> list[int]:
        """One number a layer, none where there is none: a single one counts for all."""
        value = self._keys.get(f"{self._architecture}.{name}")
        if not isinstance(value, list):
            single = self._number(name)
            return [single] * self._layers if single else []
        fitting = [int(one) for one in value if isinstance(one, int) and 0 <= one <= MAX_WIDTH]
        return fitting if len(fitting) == self._layers else []
