"""Drafters for the models of gguf_writer: they read the model's own cache, and guess at random."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

from .gguf_writer import SILENT, Shape, add_vocabulary, matrix, save

WIDTH, LAYERS, HEADS, HIDDEN = 64, 4, 2, 128


def write_drafter(path: Path, shape: Shape | None = None) -> Path:
    """A drafter that llama.cpp loads with a model of this shape, at `path`."""
    shape = shape or Shape()
    writer = gguf.GGUFWriter(path, "gemma4-assistant")
    _add_keys(writer, shape)
    add_vocabulary(writer, shape)
    return save(writer, path, _tensors(shape))


def _is_sliding(layer: int) -> bool:
    return layer != LAYERS - 1


def _add_keys(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_name("drafter")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(512)
    numbers = {"embedding_length_out": shape.width, "nextn_predict_layers": LAYERS, "attention.shared_kv_layers": LAYERS}
    numbers |= dict.fromkeys(("attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count_swa"), shape.head_dim // 2)
    for name, value in numbers.items():
        writer.add_uint32(f"gemma4-assistant.{name}", value)
    writer.add_array("gemma4-assistant.attention.sliding_window_pattern", [_is_sliding(layer) for layer in range(LAYERS)])
    writer.add_float32("gemma4-assistant.rope.freq_base_swa", 1e4)


def _tensors(shape: Shape) -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(3)
    embedding = matrix(draw, WIDTH, SILENT + shape.words)
    embedding[:SILENT] = 0
    yield "token_embd.weight", embedding
    yield "output_norm.weight", np.ones(WIDTH, np.float32)
    yield "nextn.pre_projection.weight", matrix(draw, 2 * shape.width, WIDTH)
    yield "nextn.post_projection.weight", matrix(draw, WIDTH, shape.width)
    yield "rope_freqs.weight", np.ones(shape.head_dim // 2, np.float32)
    for layer in range(LAYERS):
        dim = shape.head_dim // 2 if _is_sliding(layer) else shape.head_dim
        sizes = {"attn_q": (WIDTH, dim * HEADS), "attn_output": (dim * HEADS, WIDTH)}
        sizes |= {"ffn_gate": (WIDTH, HIDDEN), "ffn_up": (WIDTH, HIDDEN), "ffn_down": (HIDDEN, WIDTH)}
        yield from ((f"blk.{layer}.{name}.weight", matrix(draw, *size)) for name, size in sizes.items())
        norms = {"attn_q_norm": dim, "layer_output_scale": 1}
        norms |= dict.fromkeys(("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"), WIDTH)
        yield from ((f"blk.{layer}.{name}.weight", np.ones(size, np.float32)) for name, size in norms.items())
