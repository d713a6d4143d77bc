"""Small files of older families with random weights, for ctransformers: a LLaMA in GGUF, and others in the GGML form of 2023."""

from __future__ import annotations

import string
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy as np
from gguf.constants import TokenType

from .gguf_writer import save

SPECIAL = ("<unk>", "<s>", "</s>")
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
LETTERS = (*string.ascii_letters, *"0123456789.,?!:#", "\u2581")
SILENT = len(SPECIAL) + len(BYTES)  # never written: the output head has nothing for them
WIDTH, LAYERS, HEADS = 64, 2, 2
LETTERS_AS_BYTES = (*(bytes([value]) for value in range(256)), b"<|endoftext|>")
LETTERS_AS_TEXT = (*(chr(value).encode() for value in range(256)), b"<|endoftext|>")  # MPT's words have to be UTF-8


def write_llama(path: Path, *, context: int = 2048, template: str = "") -> Path:
    """A LLaMA that llama.cpp and ctransformers both load; it writes letters until its limit."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("random-llama")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    tokens = [*SPECIAL, *BYTES, *LETTERS]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL] + [TokenType.BYTE] * len(BYTES)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_types([*kinds, *[TokenType.NORMAL] * len(LETTERS)])
    writer.add_token_scores([-float(rank) for rank in range(len(tokens))])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if template:
        writer.add_chat_template(template)
    return save(writer, path, _llama_tensors(len(tokens)))


def write_gpt2(path: Path, *, context: int = 512) -> Path:
    """A GPT-2 without the letters GGUF, which says neither its family nor its name."""
    tokens = LETTERS_AS_BYTES
    with path.open("wb") as file:
        file.write(b"lmgg" + struct.pack("<6i", len(tokens), context, WIDTH, HEADS, LAYERS, 0) + struct.pack("<i", len(tokens)))
        file.writelines(struct.pack("<I", len(token)) + token for token in tokens)
        for name, tensor in _gpt2_tensors(len(tokens), context):
            shape = tensor.shape[::-1]
            file.write(struct.pack(f"<3i{len(shape)}i", len(shape), len(name), 0, *shape) + name.encode() + tensor.tobytes())
    return path


def write_gptj(path: Path, *, context: int = 512) -> Path:
    """A GPT-J in the form before GGUF."""
    numbers = struct.pack("<7i", len(LETTERS_AS_TEXT), context, WIDTH, HEADS, LAYERS, WIDTH // HEADS, 0)
    layer = {"attn.q_proj": (WIDTH, WIDTH), "attn.k_proj": (WIDTH, WIDTH), "attn.v_proj": (WIDTH, WIDTH), "attn.out_proj": (WIDTH, WIDTH)}
    biased = {"mlp.fc_in": (WIDTH, 4 * WIDTH), "mlp.fc_out": (4 * WIDTH, WIDTH)}
    names = _Names("transformer.wte.weight", "transformer.ln_f", "lm_head", "transformer.h.{}", ("ln_1",))
    return _write_ggml(path, numbers, _ggml_tensors(names, layer, biased, has_head_bias=True), counts_words=True)


def write_gpt_neox(path: Path, *, context: int = 512) -> Path:
    """A GPT-NeoX in the form before GGUF."""
    numbers = struct.pack("<8i", len(LETTERS_AS_TEXT), context, WIDTH, HEADS, LAYERS, WIDTH // HEADS, 1, 0)
    biased = {
        "attention.query_key_value": (WIDTH, 3 * WIDTH),
        "attention.dense": (WIDTH, WIDTH),
        "mlp.dense_h_to_4h": (WIDTH, 4 * WIDTH),
        "mlp.dense_4h_to_h": (4 * WIDTH, WIDTH),
    }
    norms = ("input_layernorm", "post_attention_layernorm")
    names = _Names("gpt_neox.embed_in.weight", "gpt_neox.final_layer_norm", "embed_out", "gpt_neox.layers.{}", norms)
    return _write_ggml(path, numbers, _ggml_tensors(names, {}, biased), counts_words=False)


def write_mpt(path: Path, *, context: int = 512) -> Path:
    """An MPT in the form before GGUF; its output uses the numbers of its tokens."""
    numbers = struct.pack("<5i2fi", WIDTH, context, HEADS, LAYERS, len(LETTERS_AS_TEXT), 8.0, 0.0, 0)
    layer = {"attn.Wqkv": (WIDTH, 3 * WIDTH), "attn.out_proj": (WIDTH, WIDTH)}
    layer |= {"ffn.up_proj": (WIDTH, 4 * WIDTH), "ffn.down_proj": (4 * WIDTH, WIDTH)}
    names = _Names("transformer.wte.weight", "transformer.norm_f", "", "transformer.blocks.{}", ("norm_1", "norm_2"))
    return _write_ggml(path, numbers, _ggml_tensors(names, layer, {}, has_norm_bias=False), counts_words=False)


class _Names(NamedTuple):
    """What a family calls its tensors; without a name for the head the tokens' numbers are the head."""

    tokens: str
    last_norm: str
    head: str
    layer: str
    norms: tuple[str, ...]


def _write_ggml(path: Path, numbers: bytes, tensors: Iterable[tuple[str, np.ndarray]], *, counts_words: bool) -> Path:
    with path.open("wb") as file:
        file.write(b"lmgg" + numbers + (struct.pack("<i", len(LETTERS_AS_TEXT)) if counts_words else b""))
        file.writelines(struct.pack("<I", len(token)) + token for token in LETTERS_AS_TEXT)
        for name, tensor in tensors:
            shape = tensor.shape[::-1]
            file.write(struct.pack(f"<3i{len(shape)}i", len(shape), len(name), 0, *shape) + name.encode() + tensor.tobytes())
    return path


def _ggml_tensors(
    names: _Names,
    plain: Mapping[str, tuple[int, int]],
    biased: Mapping[str, tuple[int, int]],
    *,
    has_norm_bias: bool = True,
    has_head_bias: bool = False,
) -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0)
    words = len(LETTERS_AS_TEXT)
    numbers = _matrix(draw, WIDTH, words)
    numbers[[*range(32), *range(127, words)]] = 0  # as in GPT-2: the head too
    yield names.tokens, numbers
    if names.head:
        yield f"{names.head}.weight", numbers
    if has_head_bias:
        yield f"{names.head}.bias", np.zeros(words, np.float32)
    norms = [names.last_norm, *(f"{names.layer.format(layer)}.{norm}" for layer in range(LAYERS) for norm in names.norms)]
    for norm in norms:
        yield f"{norm}.weight", np.ones(WIDTH, np.float32)
        if has_norm_bias:
            yield f"{norm}.bias", np.zeros(WIDTH, np.float32)
    for layer in range(LAYERS):
        for name, size in {**plain, **biased}.items():
            yield f"{names.layer.format(layer)}.{name}.weight", _matrix(draw, *size)
            if name in biased:
                yield f"{names.layer.format(layer)}.{name}.bias", np.zeros(size[1], np.float32)


def _llama_tensors(words: int) -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0)
    output = _matrix(draw, WIDTH, words)
    output[:SILENT] = 0
    yield "token_embd.weight", _matrix(draw, WIDTH, words) * 8
    yield "output_norm.weight", np.ones(WIDTH, np.float32)
    yield "output.weight", output * 8
    sizes = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (WIDTH, WIDTH))
    sizes |= {"ffn_gate": (WIDTH, 2 * WIDTH), "ffn_up": (WIDTH, 2 * WIDTH), "ffn_down": (2 * WIDTH, WIDTH)}
    for layer in range(LAYERS):
        yield from ((f"blk.{layer}.{name}.weight", np.ones(WIDTH, np.float32)) for name in ("attn_norm", "ffn_norm"))
        yield from ((f"blk.{layer}.{name}.weight", _matrix(draw, *size)) for name, size in sizes.items())


def _gpt2_tensors(words: int, context: int) -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0)
    yield from (("model/ln_f/g", np.ones(WIDTH, np.float32)), ("model/ln_f/b", np.zeros(WIDTH, np.float32)))
    embedding = _matrix(draw, WIDTH, words)
    embedding[[*range(32), *range(127, words)]] = 0  # the output head too: no line ends, halves of characters, ends of a text
    yield "model/wte", embedding
    yield "model/wpe", _matrix(draw, WIDTH, context)
    sizes = {
        "attn/c_attn": (WIDTH, 3 * WIDTH),
        "attn/c_proj": (WIDTH, WIDTH),
        "mlp/c_fc": (WIDTH, 4 * WIDTH),
        "mlp/c_proj": (4 * WIDTH, WIDTH),
    }
    for layer in range(LAYERS):
        for norm in ("ln_1", "ln_2"):
            yield f"model/h{layer}/{norm}/g", np.ones(WIDTH, np.float32)
            yield f"model/h{layer}/{norm}/b", np.zeros(WIDTH, np.float32)
        for name, size in sizes.items():
            yield f"model/h{layer}/{name}/w", _matrix(draw, *size)
            yield f"model/h{layer}/{name}/b", np.zeros(size[1], np.float32)


def _matrix(draw: np.random.Generator, n_in: int, n_out: int) -> np.ndarray:
    values: np.ndarray = draw.standard_normal((n_out, n_in), dtype=np.float32) / np.sqrt(n_in)
    return values.astype(np.float32)
