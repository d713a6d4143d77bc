"""Headers written byte by byte: every type of value, and every way for a key to be wrong."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from apps.inference.engines import gguf_header
from apps.inference.engines.gguf_header import BadModelFile, GgufHeader, read_header

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, ARRAY, U32, I32, F32 = 8, 9, 4, 5, 6


def text(value: str | bytes) -> bytes:
    """A text with its length."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def texts(*values: str) -> bytes:
    """An array of texts."""
    return struct.pack("<IQ", TEXT, len(values)) + b"".join(map(text, values))


def numbers(kind: int, *values: float) -> bytes:
    """An array of numbers."""
    return struct.pack("<IQ", kind, len(values)) + b"".join(struct.pack(SCALARS[kind], value) for value in values)


MODEL: dict[str, tuple[int, bytes]] = {
    "general.architecture": (TEXT, text("gemma4")),
    "gemma4.context_length": (U32, struct.pack("<I", 4096)),
    "tokenizer.chat_template": (TEXT, text("<|turn>")),
    "tokenizer.ggml.tokens": (ARRAY, texts("<bos>", "<|turn>", "moon")),
    "tokenizer.ggml.token_type": (ARRAY, numbers(I32, 3, 4, 1)),
}
TENSOR = text("output.weight") + struct.pack("<IQQIQ", 2, 32, 2, 2, 0)  # 64 values of Q4_0: 36 bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is written."""
    return tmp_path / "m.gguf"


def write(path: Path, *, version: int = 3, tensor: bytes = TENSOR, size_bytes: int = 36, **keys: tuple[int, bytes] | None) -> Path:
    """A file of one tensor; `keys`, with `__` for a dot, come over those of MODEL, and None takes one away."""
    changed = MODEL | {name.replace("__", "."): value for name, value in keys.items()}
    kept = {name: value for name, value in changed.items() if value is not None}
    pairs = b"".join(text(name) + struct.pack("<I", kind) + data for name, (kind, data) in kept.items())
    head = b"GGUF" + struct.pack("<IQQ", version, 1, len(kept)) + pairs + tensor
    path.write_bytes(head + bytes(-len(head) % 32) + bytes(size_bytes))
    return path


def header(path: Path, **keys: tuple[int, bytes] | None) -> GgufHeader:
    """What is read from the file."""
    return read_header(write(path, **keys))  # type: ignore[arg-type]


def refused(path: Path, **keys: object) -> str:
    """The code of the reason why the file is refused."""
    with pytest.raises(BadModelFile) as caught:
        read_header(write(path, **keys))  # type: ignore[arg-type]
    return caught.value.code


def test_the_smallest_model_is_read(path: Path) -> None:
    found = header(path)
    assert (found.architecture, found.context_length, found.quantisation, found.tensor_count) == ("gemma4", 4096, "Q4_0", 1)
    assert found.control_tokens == {"<bos>", "<|turn>"}
    assert found.name == ""


def test_the_version_before_is_read(path: Path) -> None:
    assert read_header(write(path, version=2)).version == 2
    assert refused(path, version=4) == "version"


@pytest.mark.parametrize("kind", SCALARS)
def test_every_number_may_stand_before_what_counts(path: Path, kind: int) -> None:
    assert header(path, a__b=(kind, struct.pack(SCALARS[kind], 1))).context_length == 4096


@pytest.mark.parametrize("kind", SCALARS)
def test_every_array_is_passed_over(path: Path, kind: int) -> None:
    assert header(path, a__b=(ARRAY, numbers(kind, 1, 0, 1))).context_length == 4096


def test_an_array_of_texts_is_passed_over(path: Path) -> None:
    assert header(path, a__b=(ARRAY, texts("a", "", "北京"))).context_length == 4096


@pytest.mark.parametrize(
    "missing", ["general__architecture", "gemma4__context_length", "tokenizer__ggml__tokens", "tokenizer__ggml__token_type"]
)
def test_what_is_needed_must_be_there(path: Path, missing: str) -> None:
    assert refused(path, **{missing: None}) == "damaged"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("general__architecture", (U32, struct.pack("<I", 1))),
        ("gemma4__context_length", (U32, struct.pack("<I", 0))),
        ("gemma4__context_length", (TEXT, text("long"))),
        ("gemma4__context_length", (10, struct.pack("<Q", 2**63))),
        ("general__alignment", (U32, struct.pack("<I", 0))),
        ("tokenizer__ggml__tokens", (TEXT, text("a"))),
        ("tokenizer__ggml__tokens", (ARRAY, texts("a", "b"))),
        ("tokenizer__ggml__tokens", (ARRAY, numbers(I32, 1, 2, 3))),
        ("tokenizer__ggml__token_type", (ARRAY, numbers(F32, 1, 1, 1))),
        ("tokenizer__chat_template", (U32, struct.pack("<I", 1))),
    ],
)
def test_what_is_needed_must_make_sense(path: Path, key: str, value: tuple[int, bytes]) -> None:
    assert refused(path, **{key: value}) == "damaged"


@pytest.mark.parametrize("kind", ["mmproj", "adapter"])
def test_what_goes_with_a_model_is_no_model(path: Path, kind: str) -> None:
    assert refused(path, general__type=(TEXT, text(kind))) == "not_a_chat_model"


def test_one_part_of_many_is_no_model(path: Path) -> None:
    assert refused(path, split__count=(2, struct.pack("<H", 3))) == "split"
    assert header(path, split__count=(2, struct.pack("<H", 1)))


def test_a_name_is_made_fit_to_be_shown(path: Path) -> None:
    assert header(path, general__name=(TEXT, text(b"a\nb\x00\xffc"))).name == "abc"
    assert len(header(path, general__name=(TEXT, text("m" * 5000))).name) == 200


def test_a_token_of_broken_letters_is_no_reason(path: Path) -> None:
    tokens = struct.pack("<IQ", TEXT, 3) + text(b"\xff") + text(b"\xfe") + text("moon")
    assert header(path, tokenizer__ggml__tokens=(ARRAY, tokens)).architecture == "gemma4"


def test_the_last_byte_counts(path: Path) -> None:
    assert read_header(write(path, size_bytes=36))
    assert refused(path, size_bytes=35) == "cut_off"


def test_the_alignment_is_the_files(path: Path) -> None:
    assert header(path, general__alignment=(U32, struct.pack("<I", 1)))
    assert refused(path, general__alignment=(U32, struct.pack("<I", 2**30))) == "cut_off"


def test_a_block_must_be_whole(path: Path) -> None:
    assert refused(path, tensor=text("output.weight") + struct.pack("<IQQIQ", 2, 33, 1, 2, 0)) == "damaged"


def test_a_list_of_millions_is_refused_unread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_header, "MAX_ITEMS", 2)
    assert refused(path, a__b=(ARRAY, numbers(0, 1, 2, 3))) == "damaged"
    assert refused(path, a__b=(ARRAY, texts("a", "b", "c"))) == "damaged"


def test_a_header_without_end_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert header(path, a__b=(TEXT, text("x" * 5000)))
    monkeypatch.setattr(gguf_header, "HEADER_MAX_BYTES", 5000)
    assert refused(path, a__b=(TEXT, text("x" * 5000))) == "damaged"


def test_a_file_that_says_nothing_of_its_memory_is_read_too(path: Path) -> None:
    assert header(path).shape is None
