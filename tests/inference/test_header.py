"""What a GGUF file says about itself, and the reason when it is damaged."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import gguf
import pytest

from apps.inference.engines.gguf_header import TENSOR_TYPES, BadModelFile, read_header
from tests.gguf_writer import CONTROL, Shape, write_gemma4


def changed(tiny: Path, folder: Path, old: bytes, new: bytes) -> Path:
    """The tiny model with the first `old` replaced."""
    data = tiny.read_bytes()
    assert old in data
    copy = folder / "changed.gguf"
    copy.write_bytes(data.replace(old, new, 1))
    return copy


def text(value: str) -> bytes:
    """A text as GGUF writes it."""
    return struct.pack("<Q", len(value)) + value.encode()


def reason(path: Path) -> str:
    """The code of the reason why the file is refused."""
    with pytest.raises(BadModelFile) as caught:
        read_header(path)
    assert str(caught.value).endswith(".")
    return caught.value.code


def test_it_tells_what_the_model_is(tiny: Path) -> None:
    header = read_header(tiny)
    assert (header.version, header.architecture, header.name) == (3, "gemma4", "random-tiny")
    assert (header.context_length, header.quantisation) == (8192, "F16")
    assert (header.tensor_count, header.size_bytes) == (125, tiny.stat().st_size)


def test_it_finds_the_tokens_that_are_commands(tiny: Path) -> None:
    assert read_header(tiny).control_tokens == {*CONTROL, "<pad>", "<eos>", "<bos>", "<unk>"}


def test_a_bracketed_word_of_the_template_is_a_command(tmp_path: Path) -> None:
    path = write_gemma4(tmp_path / "words.gguf", Shape(template="{{ '<table>' }}", extra_tokens=("<table>", "<strong>")))
    assert {"<table>", "<strong>"} & read_header(path).control_tokens == {"<table>"}


def test_the_table_of_types_is_ggmls() -> None:
    theirs = {int(kind): (kind.name, *size) for kind, size in gguf.GGML_QUANT_SIZES.items()}
    assert theirs == TENSOR_TYPES


def test_a_missing_file_has_a_reason(tmp_path: Path) -> None:
    assert reason(tmp_path / "nothing.gguf") == "unreadable"
    assert reason(tmp_path) == "unreadable"


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"", "empty"),
        (b"GG", "not_gguf"),
        (b"%PDF-1.7\n", "not_gguf"),
        (b"GGUF", "cut_off"),
        (b"GGUF" + struct.pack("<I", 1) + bytes(16), "version"),
        (b"GGUF" + struct.pack(">I", 3) + bytes(16), "byte_order"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**63, 1), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 2**63), "damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 2**62), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IQ", 8, 2**40), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IIQ", 9, 4, 2**62), "cut_off"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IIQ", 9, 8, 2**62), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IIQ", 9, 9, 1), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<I", 77), "damaged"),
    ],
)
def test_a_false_start_has_a_reason(tmp_path: Path, start: bytes, code: str) -> None:
    path = tmp_path / "start.gguf"
    path.write_bytes(start)
    assert reason(path) == code


@pytest.mark.parametrize("left", [0.1, 0.5, 0.999])
def test_a_file_that_is_cut_off_says_so(tiny: Path, tmp_path: Path, left: float) -> None:
    data = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(data[: int(len(data) * left)])
    assert reason(path) == "cut_off"


def test_a_token_that_stands_there_twice_is_refused(tiny: Path, tmp_path: Path) -> None:
    assert reason(changed(tiny, tmp_path, text("<turn|>"), text("<|turn>"))) == "duplicate_token"


def test_a_file_without_a_template_cannot_chat(tmp_path: Path) -> None:
    assert reason(write_gemma4(tmp_path / "base.gguf", Shape(template=None))) == "no_template"


def test_a_vision_part_is_no_model(tiny: Path, tmp_path: Path) -> None:
    assert reason(changed(tiny, tmp_path, text("gemma4"), text("clip"))) == "not_a_chat_model"


def test_a_tensor_of_an_unknown_type_is_refused(tiny: Path, tmp_path: Path) -> None:
    name = text("output_norm.weight") + struct.pack("<IQ", 1, 128)
    assert reason(changed(tiny, tmp_path, name + struct.pack("<I", 0), name + struct.pack("<I", 99))) == "tensor_type"


def test_a_tensor_of_an_impossible_size_is_refused(tiny: Path, tmp_path: Path) -> None:
    name = text("output_norm.weight")
    for dimensions in (struct.pack("<IQ", 0, 128), struct.pack("<IQ", 5, 128), struct.pack("<IQ", 1, 0)):
        assert reason(changed(tiny, tmp_path, name + struct.pack("<IQ", 1, 128), name + dimensions)) == "damaged"


def test_a_tensor_beyond_the_end_is_refused(tiny: Path, tmp_path: Path) -> None:
    name = text("output_norm.weight")
    assert reason(changed(tiny, tmp_path, name + struct.pack("<IQ", 1, 128), name + struct.pack("<IQ", 1, 2**60))) == "cut_off"


def test_any_byte_may_be_wrong(tiny: Path, tmp_path: Path) -> None:
    data, header_bytes = tiny.read_bytes(), 40_000
    path, draw, refused = tmp_path / "wrong.gguf", random.Random(7), 0
    for _ in range(60):
        wrong = bytearray(data)
        for _ in range(draw.randint(1, 8)):
            wrong[draw.randrange(header_bytes)] = draw.randrange(256)
        path.write_bytes(wrong)
        try:
            read_header(path)
        except BadModelFile:
            refused += 1
    assert 0 < refused < 60  # a changed letter in a word is nobody's business
