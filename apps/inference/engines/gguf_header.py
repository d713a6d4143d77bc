"""What a GGUF file says about itself, read without trusting a number in it; a damaged file gets a reason, never a crash.

The layout is that of the format's specification: magic, version, counts, keys with typed values, then the tensors' names, sizes and places.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import BinaryIO

from .model_shape import PER_LAYER_NUMBERS, ModelShape, place_of, read_shape

HEADER_MAX_BYTES = 256 * 1024 * 1024  # those of the largest vocabularies have 20 MB
MAX_ITEMS = 4_000_000  # of one list; the largest vocabularies have 300,000 tokens and twice as many merges
MAX_KEYS = 4096
MAX_TENSORS = 65_536
MAX_NAME_BYTES = 256
MAX_TEXT_BYTES = 4 * 1024 * 1024
MAX_DIMENSIONS = 4

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9

# Number of the type: its name, values in a block, bytes of a block (ggml's table).
TENSOR_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4),
    27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip

TOKENS_KEY, TYPES_KEY = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
KEPT_LISTS = (TOKENS_KEY, TYPES_KEY, *PER_LAYER_NUMBERS)
UNKNOWN_TYPE, CONTROL_TYPE, BYTE_TYPE = 2, 3, 6
BRACKETED = re.compile(r"<[^\s<>]+>|\[[^\s\[\]]+\]")
BARRED = re.compile(r"<\|.*>|<.*\|>")

Value = bool | int | float | str | list[bool] | list[int] | list[float] | list[str] | None


class BadModelFile(Exception):
    """The file cannot be used as a model; `code` is for programs, the sentence for the person who chose the file."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What is known of a model before it is loaded; `control_tokens` are the texts that the tokenizer turns into commands."""

    version: int
    architecture: str
    name: str
    context_length: int
    quantisation: str
    tensor_count: int
    size_bytes: int
    control_tokens: frozenset[str] = field(repr=False)
    shape: ModelShape | None = field(default=None, repr=False)  # None where the file does not say enough about its memory


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as the header describes it; its dimensions come innermost first."""

    type_name: str
    dimensions: tuple[int, ...]
    size_bytes: int
    offset: int


@dataclass(frozen=True, slots=True)
class GgufContents:
    """All that a GGUF file of any kind says: its keys (of long lists that they are there) and its tensors."""

    version: int
    keys: dict[str, Value]
    tensors: dict[str, Tensor]
    quantisation: str
    size_bytes: int

    def text(self, key: str) -> str:
        """The text under `key`; empty where there is none."""
        value = self.keys.get(key)
        return value if isinstance(value, str) else ""


def read_contents(path: Path) -> GgufContents:
    """What the file at `path` says, whatever it is for. Raises BadModelFile where it is damaged."""
    try:
        with path.open("rb") as file:
            reader = _Reader(file, path.stat().st_size)
            version, tensor_count, key_count = _read_counts(reader)
            keys = _read_keys(reader, key_count)
            tensors = _read_tensors(reader, tensor_count, alignment=_positive(keys, "general.alignment", default=32))
            return GgufContents(version, keys, tensors, _main_type(tensors), reader.size_bytes)
    except OSError as error:
        raise BadModelFile("unreadable", f"The file cannot be read: {error.strerror}.") from error


def read_header(path: Path, *, chats: bool = True) -> GgufHeader:
    """The header of the chat model at `path`, or of one that need not chat. Raises BadModelFile with the reason if it cannot be one."""
    try:
        with path.open("rb") as file:
            return _read(_Reader(file, path.stat().st_size), chats=chats)
    except OSError as error:
        raise BadModelFile("unreadable", f"The file cannot be read: {error.strerror}.") from error


def _read(reader: _Reader, *, chats: bool) -> GgufHeader:
    version, tensor_count, key_count = _read_counts(reader)
    keys = _read_keys(reader, key_count)
    architecture = _text(keys, "general.architecture")
    _refuse_parts(keys, architecture)
    if chats and "tokenizer.chat_template" not in keys:
        raise BadModelFile("no_template", "The file holds no chat template, so it is no model that was trained to chat.")
    template = _text(keys, "tokenizer.chat_template", default=None if chats else "")
    tokens = _read_tokens(keys)
    tensors = _read_tensors(reader, tensor_count, alignment=_positive(keys, "general.alignment", default=32))
    weights: Counter[int] = Counter()
    for tensor_name, tensor in tensors.items():
        weights[place_of(tensor_name)] += tensor.size_bytes
    return GgufHeader(
        version=version,
        architecture=architecture,
        name="".join(filter(str.isprintable, _text(keys, "general.name", default="")))[:200],
        context_length=_positive(keys, f"{architecture}.context_length"),
        quantisation=_main_type(tensors),
        tensor_count=tensor_count,
        size_bytes=reader.size_bytes,
        control_tokens=frozenset(_control_tokens(tokens, template)),
        shape=read_shape(keys, architecture, weight_bytes=weights.total(), vocabulary=len(tokens), weights=weights),
    )


def _read_counts(reader: _Reader) -> tuple[int, int, int]:
    """The version, how many tensors there are, and how many keys."""
    version = _read_version(reader)
    tensor_count, key_count = reader.number("<Q"), reader.number("<Q")
    if not 0 < tensor_count <= MAX_TENSORS or key_count > MAX_KEYS:
        raise _damaged(f"it claims {tensor_count} tensors and {key_count} keys")
    return version, tensor_count, key_count


def _read_version(reader: _Reader) -> int:
    if reader.size_bytes == 0:
        raise BadModelFile("empty", "The file is empty.")
    if reader.take(min(4, reader.size_bytes)) != b"GGUF":
        raise BadModelFile("not_gguf", "This is not a GGUF file: it does not begin with the letters GGUF.")
    version = int(reader.number("<I"))
    if version & 0xFFFF == 0:
        raise BadModelFile("byte_order", "The file was written for machines of the other byte order.")
    if version not in (2, 3):
        raise BadModelFile("version", f"The file is of GGUF version {version}; versions 2 and 3 can be read.")
    return version


def _read_keys(reader: _Reader, count: int) -> dict[str, Value]:
    keys: dict[str, Value] = {}
    for _ in range(count):
        key = reader.text(MAX_NAME_BYTES)
        if key in keys:
            raise _damaged(f"the key {key!r} stands in it twice")
        keys[key] = reader.value(int(reader.number("<I")), keep_array=key.endswith(KEPT_LISTS))
    return keys


def _refuse_parts(keys: dict[str, Value], architecture: str) -> None:
    if architecture == "clip" or keys.get("general.type") == "mmproj":
        raise BadModelFile("not_a_chat_model", "This is the part of a model that sees images; choose the model's main file.")
    if keys.get("general.type") == "adapter":
        raise BadModelFile("not_a_chat_model", "This is an adapter, which changes another model; choose the model itself.")
    if isinstance(parts := keys.get("split.count"), int) and parts > 1:
        raise BadModelFile("split", f"The model is split into {parts} files; join them into one first.")


def _read_tokens(keys: dict[str, Value]) -> list[tuple[str, int]]:
    """Each token with its type. A token that stands there twice makes llama.cpp abort its process, so it is refused here."""
    tokens, types = keys.get(TOKENS_KEY), keys.get(TYPES_KEY)
    if not isinstance(tokens, list) or not isinstance(types, list) or len(tokens) != len(types):
        raise _damaged("its vocabulary is not whole")
    pairs = [(text, kind) for text, kind in zip(tokens, types, strict=True) if isinstance(text, str) and isinstance(kind, int)]
    if len(pairs) != len(tokens):
        raise _damaged("its vocabulary is not made of texts and types")
    twice, count = Counter(text for text, _ in pairs).most_common(1)[0] if pairs else ("", 0)
    if count > 1:
        raise BadModelFile(
            "duplicate_token", f"The vocabulary holds {twice[:40]!r} twice: take a corrected file from the model's publisher."
        )
    return pairs


def _control_tokens(tokens: Iterable[tuple[str, int]], template: str) -> Iterable[str]:
    """What must never be written by a user: declared controls, what looks like `<|one>`, and bracketed tokens that the template speaks in.

    Other tokens of the user-defined type are ordinary text (`<table>`, runs of line ends) and stay.
    """
    for text, kind in tokens:
        if kind == BYTE_TYPE or len(text) < 2:
            continue
        if kind in (UNKNOWN_TYPE, CONTROL_TYPE) or BARRED.fullmatch(text) or (BRACKETED.fullmatch(text) and text in template):
            yield text


def _read_tensors(reader: _Reader, count: int, *, alignment: int) -> dict[str, Tensor]:
    """The tensors by name. Raises BadModelFile where one lies outside the file."""
    tensors: dict[str, Tensor] = {}
    for _ in range(count):
        name = reader.text(MAX_NAME_BYTES)
        if name in tensors:
            raise _damaged(f"the tensor {name!r} stands in it twice")
        tensors[name] = _read_tensor(reader, name)
    end = max(tensor.offset + tensor.size_bytes for tensor in tensors.values())
    needed = -(-reader.place // alignment) * alignment + end
    if needed > reader.size_bytes:
        raise BadModelFile("cut_off", f"The file is cut off: {reader.size_bytes:,} of {needed:,} bytes are there.")
    return tensors


def _main_type(tensors: dict[str, Tensor]) -> str:
    """The type that most bytes of the tensors have."""
    bytes_of: Counter[str] = Counter()
    for tensor in tensors.values():
        bytes_of[tensor.type_name] += tensor.size_bytes
    return bytes_of.most_common(1)[0][0]


def _read_tensor(reader: _Reader, name: str) -> Tensor:
    count = int(reader.number("<I"))
    if not 1 <= count <= MAX_DIMENSIONS:
        raise _damaged(f"the tensor {name!r} has {count} dimensions")
    dimensions = tuple(int(reader.number("<Q")) for _ in range(count))
    values = prod(dimensions)
    kind, offset = int(reader.number("<I")), int(reader.number("<Q"))
    if kind not in TENSOR_TYPES:
        raise BadModelFile("tensor_type", f"The tensor {name!r} is of type {kind}, which this version does not know.")
    type_name, block_values, block_bytes = TENSOR_TYPES[kind]
    if values == 0 or values % block_values:
        raise _damaged(f"the tensor {name!r} has an impossible size")
    return Tensor(type_name, dimensions, values // block_values * block_bytes, offset)


def _text(keys: dict[str, Value], key: str, *, default: str | None = None) -> str:
    value = keys.get(key, default)
    if not isinstance(value, str):
        raise _damaged(f"{key} is missing or no text")
    return value


def _positive(keys: dict[str, Value], key: str, *, default: int | None = None) -> int:
    value = keys.get(key, default)
    if not isinstance(value, int) or not 0 < value < 2**31:
        raise _damaged(f"{key} is missing or no sensible number")
    return value


def _damaged(what: str) -> BadModelFile:
    return BadModelFile("damaged", f"The file is damaged: {what}.")


class _Reader:
    """Reads forward; what the file claims is checked against what is left of it before a byte is read or kept."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self.size_bytes = size_bytes
        self.place = 0

    def take(self, count: int) -> bytes:
        self._claim(count)
        data = self._file.read(count)
        if len(data) != count:
            raise BadModelFile("cut_off", "The file became shorter while it was read.")
        return data

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def text(self, max_bytes: int) -> str:
        length = self.number("<Q")
        if length > max_bytes:
            raise _damaged(f"a text in it claims {length} bytes")
        return self.take(length).decode("utf-8", "surrogateescape")

    def value(self, kind: int, *, keep_array: bool) -> Value:
        """A key's value; of arrays only those asked for, None for the others."""
        if kind == STRING:
            return self.text(MAX_TEXT_BYTES)
        if kind == ARRAY:
            return self._array(keep=keep_array)
        return self._scalar(kind)

    def _scalar(self, kind: int) -> bool | int | float:
        if kind not in SCALARS:
            raise _damaged(f"a value in it is of the unknown type {kind}")
        value: bool | int | float = struct.unpack(SCALARS[kind], self.take(struct.calcsize(SCALARS[kind])))[0]
        return value

    def _array(self, *, keep: bool) -> Value:
        kind, count = self.number("<I"), self.number("<Q")
        self._refuse_too_many(count)
        if kind == STRING:
            return self._texts(count, keep=keep)
        if kind not in SCALARS:
            raise _damaged(f"an array in it is of the unknown type {kind}")
        size_bytes = count * struct.calcsize(SCALARS[kind])
        if not keep:
            self._skip(size_bytes)
            return None
        return [value for (value,) in struct.iter_unpack(SCALARS[kind], self.take(size_bytes))]

    def _refuse_too_many(self, count: int) -> None:
        """A list that cannot be in what is left of the file is said to be cut off, where that is looked at."""
        if MAX_ITEMS < count <= self.size_bytes - self.place:
            raise _damaged(f"a list in it has {count:,} entries")

    def _texts(self, count: int, *, keep: bool) -> Value:
        if count * 8 > self.size_bytes - self.place:  # each has at least its length before it
            raise _damaged(f"an array in it claims {count} texts")
        if keep:
            return [self.text(MAX_TEXT_BYTES) for _ in range(count)]
        for _ in range(count):
            self._skip(self.number("<Q"))
        return None

    def _skip(self, count: int) -> None:
        self._claim(count)
        self._file.seek(count, 1)

    def _claim(self, count: int) -> None:
        """Count `count` bytes as read. Raises BadModelFile if fewer are left."""
        left = self.size_bytes - self.place
        if count > left:
            raise BadModelFile("cut_off", f"The file is cut off: its header wants {count:,} more bytes, {left:,} are left.")
        self.place += count
        if self.place > HEADER_MAX_BYTES:
            raise _damaged(f"its header is longer than {HEADER_MAX_BYTES:,} bytes")
