"""The numbers that a model's memory follows from, from the keys of a GGUF header or from a catalogue; None where they do not make sense.

Keys and their meaning are those of llama.cpp; a model with sliding windows names which of its layers slide, and how many of the last
layers use the keys and values of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_LAYERS = 512  # llama.cpp's own limit
MAX_WIDTH = 2**20
PER_LAYER_NUMBERS = (  # of these keys a header may give one value for each layer
    ".attention.head_count",
    ".attention.head_count_kv",
    ".attention.sliding_window_pattern",
    ".feed_forward_length",
)


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What of a model decides about memory. `…_values` are numbers that the cache keeps for one token: keys and values of all such layers.

    `all_values` are of the layers that look at the whole context, `sliding_values` of those that look `window` tokens back.
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


def read_shape(keys: Mapping[str, object], architecture: str, *, weight_bytes: int, vocabulary: int) -> ModelShape | None:
    """The shape of a model with these keys; None where a number is missing or out of all reason."""
    return _Numbers(keys, architecture).shape(weight_bytes=weight_bytes, vocabulary=vocabulary)


class _Numbers:
    """The keys of one architecture, each as a whole number within bounds."""

    def __init__(self, keys: Mapping[str, object], architecture: str) -> None:
        self._keys = keys
        self._architecture = architecture
        self._layers = self._number("block_count", low=1, high=MAX_LAYERS)
        self._width = self._number("embedding_length", low=1)

    def shape(self, *, weight_bytes: int, vocabulary: int) -> ModelShape | None:
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
        )

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
