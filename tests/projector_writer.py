"""Projectors for the models of gguf_writer, of the kind that Gemma 4 12B has: pieces of the image go straight into the model's vectors."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from .gguf_writer import save

PATCH = 16
MERGE = 3  # so many patches by so many are one token
INNER = 32
PLACES = 64


def write_projector(path: Path, *, width: int = 128, sees: bool = True, seed: int = 5) -> Path:
    """A projector that llama.cpp loads with a model of this width, at `path`."""
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_name("eyes")
    writer.add_string("clip.projector_type", "gemma4uv")
    writer.add_bool("clip.has_vision_encoder", sees)
    numbers = {"embedding_length": INNER, "feed_forward_length": 64, "block_count": 0, "projection_dim": width}
    numbers |= {"attention.head_count": 1, "image_size": PATCH * MERGE * 10, "patch_size": PATCH, "projector.scale_factor": MERGE}
    for name, value in numbers.items():
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.0, 0.0, 0.0])
    writer.add_array("clip.vision.image_std", [1.0, 1.0, 1.0])
    writer.add_bool("clip.use_gelu", True)
    tensors = _tensors(np.random.default_rng(seed), width)
    return save(writer, path, ((name, tensor.astype(np.float32)) for name, tensor in tensors.items()))


def _tensors(draw: np.random.Generator, width: int) -> dict[str, np.ndarray]:
    piece = (PATCH * MERGE) ** 2 * 3
    tensors = {
        "v.patch_embd.weight": draw.standard_normal((INNER, piece)) / np.sqrt(piece),
        "v.patch_embd.bias": np.zeros(INNER),
        "v.position_embd.weight": draw.standard_normal((2, PLACES, INNER)),
        "mm.input_projection.weight": draw.standard_normal((width, INNER)) * 4 / np.sqrt(INNER),
    }
    for number, size in ((1, piece), (2, INNER), (3, INNER)):
        tensors[f"v.patch_norm.{number}.weight"] = np.ones(size)
        tensors[f"v.patch_norm.{number}.bias"] = np.zeros(size)
    return tensors
