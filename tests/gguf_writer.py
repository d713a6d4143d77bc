"""Small GGUF files of the real gemma4 architecture with random weights: they run in llama.cpp at full speed and speak nonsense.

Rows of control and byte tokens are zero in the embedding, which is the output head too: their logit is 0 where a hundred others are
above it, so the text is plain words, about one piece a token, and no answer ends before its limit.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from gguf.constants import TokenType

CONTROL = ("<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", '<|"|>', "<|think|>")
SPECIAL = (("<pad>", TokenType.CONTROL), ("<eos>", TokenType.CONTROL), ("<bos>", TokenType.CONTROL), ("<unk>", TokenType.UNKNOWN))
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
SILENT = len(SPECIAL) + len(CONTROL) + len(BYTES)
FREQUENT = "the of and to in is that for it as was with be by on not he this are or his from at which but have an they you"
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content }}<turn|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn>model\n{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """How large the model is; sliding layers have half of `head_dim`.

    The last two layers use the keys and values of the two before: of those one must slide and one must not. With 6 layers neither
    holds, and llama.cpp aborts the process that loads such a file.
    """

    name: str = "tiny"
    width: int = 128
    layers: int = 7
    heads: int = 2
    head_dim: int = 64
    feed_forward: int = 256
    per_layer: int = 32
    words: int = 1024
    context: int = 8192
    template: str | None = TEMPLATE
    extra_tokens: tuple[str, ...] = ()

    def is_sliding(self, layer: int) -> bool:
        """Four sliding layers to one that sees everything; the last always sees everything."""
        return layer % 5 != 4 and layer != self.layers - 1

    def dim(self, layer: int) -> int:
        return self.head_dim // 2 if self.is_sliding(layer) else self.head_dim


def write_gemma4(path: Path, shape: Shape | None = None) -> Path:
    """A file that llama.cpp loads, at `path`."""
    shape = shape or Shape()
    writer = gguf.GGUFWriter(path, "gemma4")
    _add_keys(writer, shape)
    add_vocabulary(writer, shape)
    return save(writer, path, _tensors(shape))


def save(writer: gguf.GGUFWriter, path: Path, tensors: Iterable[tuple[str, np.ndarray]]) -> Path:
    """The writer's file at `path`, with these tensors, written and closed."""
    for name, tensor in tensors:
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_keys(writer: gguf.GGUFWriter, shape: Shape) -> None:
    small = shape.head_dim // 2
    writer.add_name(f"random-{shape.name}")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(512)
    writer.add_final_logit_softcapping(30.0)
    for key, value in (("attention.key_length_swa", small), ("attention.value_length_swa", small), ("rope.dimension_count_swa", small)):
        writer.add_uint32(f"gemma4.{key}", value)
    writer.add_array("gemma4.attention.sliding_window_pattern", [shape.is_sliding(layer) for layer in range(shape.layers)])
    writer.add_uint32("gemma4.attention.shared_kv_layers", 2)
    writer.add_uint32("gemma4.embedding_length_per_layer_input", shape.per_layer)
    writer.add_float32("gemma4.rope.freq_base_swa", 1e4)


def add_vocabulary(writer: gguf.GGUFWriter, shape: Shape) -> None:
    """The tokens of a model of this shape, and its template."""
    words = [*_words(shape.words - len(shape.extra_tokens)), *shape.extra_tokens]
    tokens = [token for token, _ in SPECIAL] + list(CONTROL) + list(BYTES) + words
    types = [kind for _, kind in SPECIAL] + [TokenType.USER_DEFINED] * len(CONTROL) + [TokenType.BYTE] * len(BYTES)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([*types, *[TokenType.NORMAL] * len(words)])
    writer.add_token_scores([-float(rank) for rank in range(len(tokens))])
    writer.add_pad_token_id(0)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)
    writer.add_eos_token_id(tokens.index("<turn|>"))
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    if shape.template is not None:
        writer.add_chat_template(shape.template)


def _words(count: int) -> list[str]:
    """Characters, frequent words with all their beginnings (merges need them), then invented words."""
    words = dict.fromkeys([*string.printable[:94], "\u2581"])
    words.update(dict.fromkeys("\u2581" + word[:end] for word in FREQUENT.split() for end in range(1, len(word) + 1)))
    draw = random.Random(1)
    while len(words) < count:
        invented = "".join(draw.choice("bcdfghklmnprstvw") + draw.choice("aeiou") for _ in range(draw.randint(1, 4)))
        words[("\u2581" if draw.random() < 0.75 else "") + invented] = None
    return list(words)[:count]


def _tensors(shape: Shape) -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0)
    embedding = matrix(draw, shape.width, SILENT + shape.words)
    embedding[:SILENT] = 0
    yield "token_embd.weight", embedding
    yield "output_norm.weight", np.ones(shape.width, np.float32)
    yield "per_layer_token_embd.weight", matrix(draw, shape.per_layer * shape.layers, SILENT + shape.words)
    yield "per_layer_model_proj.weight", matrix(draw, shape.width, shape.per_layer * shape.layers)
    yield "per_layer_proj_norm.weight", np.ones(shape.per_layer, np.float32)
    yield "rope_freqs.weight", np.ones(shape.head_dim // 2, np.float32)
    for layer in range(shape.layers):
        yield from ((f"blk.{layer}.{name}.weight", tensor) for name, tensor in _layer(draw, shape, shape.dim(layer)))


def _layer(draw: np.random.Generator, shape: Shape, dim: int) -> Iterator[tuple[str, np.ndarray]]:
    width, hidden = shape.width, shape.feed_forward
    sizes = {
        "attn_q": (width, dim * shape.heads),
        "attn_k": (width, dim),
        "attn_v": (width, dim),
        "attn_output": (dim * shape.heads, width),
    }
    sizes |= {"ffn_gate": (width, hidden), "ffn_up": (width, hidden), "ffn_down": (hidden, width)}
    sizes |= {"inp_gate": (width, shape.per_layer), "proj": (shape.per_layer, width)}
    yield from ((name, matrix(draw, *size)) for name, size in sizes.items())
    norms = {"attn_q_norm": dim, "attn_k_norm": dim, "layer_output_scale": 1}
    norms |= dict.fromkeys(("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm", "post_norm"), width)
    yield from ((name, np.ones(size, np.float32)) for name, size in norms.items())


def matrix(draw: np.random.Generator, n_in: int, n_out: int) -> np.ndarray:
    """Random weights that leave their input as large as it was."""
    values: np.ndarray = draw.standard_normal((n_out, n_in), dtype=np.float32) / np.sqrt(n_in)
    return values.astype(np.float16)
