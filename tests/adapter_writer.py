"""LoRA adapters with large random weights for the models of gguf_writer: what they change is seen in the first word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np

from .gguf_writer import Shape, save

RANK = 4
STRENGTH = 3.0
FIRST, SECOND = ".lora_a", ".lora_b"


def write_adapter(path: Path, shape: Shape | None = None, *, seed: int = 1, name: str = "letters", **keys: Any) -> Path:
    """An adapter that llama.cpp loads, at `path`; other `seed`s change the model otherwise."""
    shape = shape or Shape()
    draw = np.random.default_rng(seed)
    tensors = {}
    for layer in range(shape.layers):
        changed = f"blk.{layer}.ffn_down.weight"
        tensors[changed + FIRST] = draw.standard_normal((RANK, shape.feed_forward)) * STRENGTH / np.sqrt(shape.feed_forward)
        tensors[changed + SECOND] = draw.standard_normal((shape.width, RANK)) * STRENGTH
    return write_tensors(path, tensors, name=name, **keys)


def write_tensors(
    path: Path,
    tensors: dict[str, np.ndarray],
    *,
    name: str = "letters",
    architecture: str = "gemma4",
    kind: str = "adapter",
    adapter_type: str = "lora",
    invoked: bool = False,
) -> Path:
    """A file that says to be an adapter with these tensors, at `path`."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_name(name)
    writer.add_string("adapter.type", adapter_type)
    writer.add_float32("adapter.lora.alpha", float(RANK))
    if invoked:
        writer.add_array("adapter.alora.invocation_tokens", [1, 2])
    return save(writer, path, ((tensor, values.astype(np.float32)) for tensor, values in tensors.items()))
