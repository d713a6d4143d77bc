"""What an adapter's file says, and why one does not fit its base."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.inference.engines.adapter import is_adapter, refuse_misfit, refuse_other_kinds
from apps.inference.engines.gguf_header import BadModelFile, read_contents
from tests.adapter_writer import write_adapter, write_tensors
from tests.gguf_writer import Shape, write_gemma4

CHANGED = "blk.0.ffn_down.weight"


def refused(adapter: Path, base: Path) -> str:
    """The sentence with which an adapter is refused."""
    with pytest.raises(BadModelFile) as caught:
        refuse_misfit(read_contents(adapter), read_contents(base), "Gemma")
    return str(caught.value)


def pair(first: tuple[int, int], second: tuple[int, int], name: str = CHANGED) -> dict[str, np.ndarray]:
    """The two tensors of a change, as (rows, columns)."""
    return {f"{name}.lora_a": np.ones(first), f"{name}.lora_b": np.ones(second)}


def test_it_tells_what_it_is_for(tmp_path: Path) -> None:
    adapter = read_contents(write_adapter(tmp_path / "a.gguf"))
    assert (adapter.text("general.architecture"), adapter.text("general.name"), adapter.quantisation) == ("gemma4", "letters", "F32")
    assert adapter.tensors["blk.6.ffn_down.weight.lora_b"].dimensions == (4, 128)
    assert adapter.text("general.nothing") == ""


def test_a_model_is_no_adapter(tiny: Path, tmp_path: Path) -> None:
    assert not is_adapter(read_contents(tiny))
    assert is_adapter(read_contents(write_adapter(tmp_path / "a.gguf")))


def test_one_of_its_base_fits(tiny: Path, tmp_path: Path) -> None:
    refuse_misfit(read_contents(write_adapter(tmp_path / "a.gguf")), read_contents(tiny), "Gemma")


def test_changed_norms_are_passed_over(tiny: Path, tmp_path: Path) -> None:
    tensors = pair((2, 256), (128, 2)) | {"blk.0.attn_norm.weight": np.ones(128)}
    refuse_misfit(read_contents(write_tensors(tmp_path / "a.gguf", tensors)), read_contents(tiny), "Gemma")


def test_changed_embeddings_are_the_other_way_round(tiny: Path, tmp_path: Path) -> None:
    words = read_contents(tiny).tensors["token_embd.weight"].dimensions[1]
    fitting = write_tensors(tmp_path / "a.gguf", pair((words, 2), (128, 2), "token_embd.weight"))
    refuse_misfit(read_contents(fitting), read_contents(tiny), "Gemma")
    assert "another size" in refused(write_tensors(tmp_path / "b.gguf", pair((2, 128), (words, 2), "token_embd.weight")), tiny)
    assert "another size" in refused(write_tensors(tmp_path / "c.gguf", pair((words, 2), (128, 3), "token_embd.weight")), tiny)


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        (pair((2, 256), (128, 2), "blk.40.ffn_down.weight"), "it changes 'blk.40.ffn_down.weight', which Gemma has not."),
        (pair((2, 255), (128, 2)), "in Gemma 'blk.0.ffn_down.weight' has another size."),
        (pair((2, 256), (127, 2)), "in Gemma 'blk.0.ffn_down.weight' has another size."),
        (pair((2, 256), (128, 3)), "in Gemma 'blk.0.ffn_down.weight' has another size."),
        ({f"{CHANGED}.lora_a": np.ones((2, 256))}, "the change of 'blk.0.ffn_down.weight' is not whole."),
        ({CHANGED: np.ones((2, 256))}, "the change of 'blk.0.ffn_down.weight' is not whole."),
        ({"blk.0.attn_norm.weight": np.ones(128)}, "This adapter changes nothing."),
    ],
)
def test_what_does_not_fit_is_refused(tensors: dict[str, np.ndarray], sentence: str, tiny: Path, tmp_path: Path) -> None:
    assert refused(write_tensors(tmp_path / "a.gguf", tensors), tiny).endswith(sentence)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"adapter_type": "ia3"}, "This adapter is no LoRA adapter; others cannot be applied."),
        ({"invoked": True}, "This adapter works from a certain word on only (aLoRA); a plain LoRA adapter is wanted."),
    ],
)
def test_other_kinds_are_refused(keys: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "a.gguf", pair((2, 256), (128, 2)), **keys)
    with pytest.raises(BadModelFile) as caught:
        refuse_other_kinds(read_contents(path))
    assert str(caught.value) == sentence


def test_a_tensor_stands_in_a_file_once(tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "a.gguf")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"blk.1.ffn_down.weight.lora_a", b"blk.0.ffn_down.weight.lora_a", 1))
    with pytest.raises(BadModelFile, match="stands in it twice"):
        read_contents(path)


def test_a_damaged_one_has_a_reason_or_none(tmp_path: Path) -> None:
    """What cannot be read is no adapter, and what can says why it does not fit: nothing else comes of it."""
    base = read_contents(write_gemma4(tmp_path / "base.gguf", Shape(words=600)))
    path = write_adapter(tmp_path / "a.gguf")
    data = path.read_bytes()
    header = data.index(b"lora_b") + 600
    draw = random.Random(7)
    for _ in range(300):
        place = draw.randrange(header)
        (tmp_path / "bad.gguf").write_bytes(data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :])
        with suppress(BadModelFile):
            found = read_contents(tmp_path / "bad.gguf")
            refuse_misfit(found, base, "Gemma")
            assert found.tensors.keys() == read_contents(path).tensors.keys()
