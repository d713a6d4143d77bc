"""Small GGUF files of the `bert` architecture: an embedder whose vectors mean something, and a reranker whose scores mean nothing.

The embedder's layers add nothing to the random vectors of its words, so a text's vector is the mean of them: texts that share words
are near each other. The reranker has a head with one output, and layers that mix all words evenly into the first token.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from gguf.constants import TokenType

from .gguf_writer import save

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = string.ascii_lowercase + string.digits + string.punctuation
WORD = "\u2581"  # begins a word
KNOWN = """
    the of and to in is that for it as was with be by on not he this are or his from at which but have an they you when where how what who
    does do harbour master boat ship close closes evening morning cat cats island sleep stone boiler valve pressure lease notice month
    invoice crane sunday closed passage text title none search result query task berth number free night lighthouse lamp
"""


@dataclass(frozen=True)
class FinderShape:
    """How large the model is; `ranks` makes it a reranker. `seed` makes other vectors of the same words."""

    name: str = "finder"
    ranks: bool = False
    width: int = 64
    layers: int = 1
    context: int = 512
    seed: int = 0
    has_pooling: bool = True


def write_finder(path: Path, shape: FinderShape | None = None) -> Path:
    """A file that llama.cpp loads, at `path`."""
    shape = shape or FinderShape()
    writer = gguf.GGUFWriter(path, "bert")
    _add_keys(writer, shape)
    tokens = _add_vocabulary(writer)
    return save(writer, path, _tensors(shape, tokens))


def _add_keys(writer: gguf.GGUFWriter, shape: FinderShape) -> None:
    writer.add_name(f"random-{shape.name}")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(2 * shape.width)
    writer.add_head_count(4)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    if shape.has_pooling:
        writer.add_pooling_type(gguf.PoolingType.RANK if shape.ranks else gguf.PoolingType.MEAN)


def _add_vocabulary(writer: gguf.GGUFWriter) -> int:
    """How many tokens there are."""
    words = [WORD + word for word in dict.fromkeys(KNOWN.split()) if len(word) > 1]
    tokens = [*SPECIAL, *(WORD + letter for letter in LETTERS), *LETTERS, *words]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_type_count(2)
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * len(SPECIAL) + [TokenType.NORMAL] * (len(tokens) - len(SPECIAL)))
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    writer.add_sep_token_id(3)
    writer.add_mask_token_id(4)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    return len(tokens)


def _tensors(shape: FinderShape, tokens: int) -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(shape.seed)
    width = shape.width
    vectors = draw.standard_normal((tokens, width), dtype=np.float32)
    if not shape.ranks:
        vectors[: len(SPECIAL)] = 0
    yield "token_embd.weight", vectors
    yield "position_embd.weight", np.zeros((shape.context, width), np.float32)
    yield "token_types.weight", np.zeros((2, width), np.float32)
    yield from _norm("token_embd_norm", width)
    for layer in range(shape.layers):
        yield from _layer(f"blk.{layer}.", shape)
    if shape.ranks:
        yield "cls.weight", draw.standard_normal((width, width), dtype=np.float32)
        yield "cls.bias", np.zeros(width, np.float32)
        yield "cls.output.weight", draw.standard_normal((1, width), dtype=np.float32)
        yield "cls.output.bias", np.zeros(1, np.float32)


def _layer(name: str, shape: FinderShape) -> Iterator[tuple[str, np.ndarray]]:
    width = shape.width
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        mixes = shape.ranks and part in ("attn_v", "attn_output")
        yield f"{name}{part}.weight", np.eye(width, dtype=np.float32) * mixes
        yield f"{name}{part}.bias", np.zeros(width, np.float32)
    for part, n_in, n_out in (("ffn_up", width, 2 * width), ("ffn_down", 2 * width, width)):
        yield f"{name}{part}.weight", np.zeros((n_out, n_in), np.float32)
        yield f"{name}{part}.bias", np.zeros(n_out, np.float32)
    yield from _norm(f"{name}attn_output_norm", width)
    yield from _norm(f"{name}layer_output_norm", width)


def _norm(name: str, width: int) -> Iterator[tuple[str, np.ndarray]]:
    yield f"{name}.weight", np.ones(width, np.float32)
    yield f"{name}.bias", np.zeros(width, np.float32)
