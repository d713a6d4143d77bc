"""Whether a model fits: parts, verdict and the nearest setting, by numbers that stand in the published files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from apps.inference.engines.gguf_header import read_header
from apps.inference.engines.llama import PROMPT_CACHE_MIB
from apps.inference.engines.model_shape import ModelShape, read_shape
from apps.inference.fit import MIB, Room, Setting, contexts, fit, need_of
from tests.gguf_writer import write_gemma4

from .machines import E4B, GIB, LAPTOP


def keys(**changes: object) -> dict[str, object]:
    """The keys of a small model with four layers; None takes one away."""
    known: dict[str, object] = {"block_count": 4, "embedding_length": 256, "context_length": 4096, "feed_forward_length": 512}
    known |= {"attention.head_count": 8, "attention.head_count_kv": 2} | {name.replace("__", "."): value for name, value in changes.items()}
    return {f"llama.{name}": value for name, value in known.items() if value is not None}


def shape_of(**changes: object) -> ModelShape | None:
    """What is made of the keys."""
    return read_shape(keys(**changes), "llama", weight_bytes=1000, vocabulary=300)


@pytest.mark.parametrize(("context_tokens", "mib"), [(8192, 168), (32_768, 552), (131_072, 2088)])
def test_one_slot_of_e4b_takes_what_is_published(context_tokens: int, mib: int) -> None:
    assert need_of(E4B, Setting(context_tokens, 1)).context == mib * MIB


def test_each_slot_has_its_own_context() -> None:
    one, four = need_of(E4B, Setting(8192, 1)), need_of(E4B, Setting(8192, 4))
    assert four.context == 4 * one.context
    assert four.weights == one.weights == E4B.weight_bytes


def test_the_prompts_that_are_kept_are_counted() -> None:
    need = need_of(E4B, Setting(4096, 4))
    assert need.earlier == 512 * MIB + 4 * 2 * 512 * E4B.sliding_values * 2
    assert need.total == need.weights + need.context + need.buffers + need.earlier


def test_what_has_room_fits_well() -> None:
    found = fit(E4B, Setting(8192, 4), LAPTOP)
    assert (found.verdict, found.missing, found.nearest) == ("well", 0, None)
    assert found.left == LAPTOP.free - found.need.total


def test_what_leaves_little_fits_tightly() -> None:
    need = need_of(E4B, Setting(8192, 4)).total
    room = Room(total=8 * GIB, taken=8 * GIB - need)
    assert fit(E4B, Setting(8192, 4), room).verdict == "tightly"
    assert fit(E4B, Setting(8192, 4), replace(room, taken=room.taken - GIB + 1)).verdict == "tightly"
    assert fit(E4B, Setting(8192, 4), replace(room, taken=room.taken - GIB)).verdict == "well"


def test_a_byte_too_little_does_not_fit() -> None:
    need = need_of(E4B, Setting(8192, 4)).total
    found = fit(E4B, Setting(8192, 4), Room(total=8 * GIB, taken=8 * GIB - need + 1))
    assert (found.verdict, found.missing, found.left) == ("not", 1, 0)


def test_the_nearest_setting_fits_and_is_the_largest_that_does() -> None:
    wanted = Setting(131_072, 4)
    room = Room(total=12 * GIB, taken=2 * GIB)
    found = fit(E4B, wanted, room)
    assert found.nearest
    assert fit(E4B, found.nearest, room).verdict != "not"
    tokens = found.nearest.slots * found.nearest.context_tokens
    assert all(
        fit(E4B, Setting(context, slots), room).verdict == "not"
        for context in contexts(E4B)
        for slots in range(1, 5)
        if context * slots > tokens
    )


def test_no_context_is_advised_that_has_no_room_for_an_answer() -> None:
    least = need_of(E4B, Setting(4096, 1)).total
    room = Room(total=16 * GIB, taken=16 * GIB - least)
    advised = fit(E4B, Setting(8192, 4), room, above=2048).nearest
    assert advised == Setting(4096, 1)
    assert fit(E4B, Setting(8192, 4), replace(room, taken=room.taken + 1), above=2048).nearest is None


def test_where_nothing_fits_nothing_is_offered() -> None:
    assert fit(E4B, Setting(8192, 4), Room(total=4 * GIB, taken=0)).nearest is None
    assert fit(E4B, Setting(8192, 4), Room(total=4 * GIB, taken=5 * GIB)).room.free == 0


def test_nobody_needs_more_than_the_model_was_made_for() -> None:
    assert fit(E4B, Setting(1_000_000, 1), LAPTOP).setting.context_tokens == 131_072


def test_contexts_are_powers_of_two_and_the_longest() -> None:
    assert contexts(replace(E4B, context_length=5000)) == [512, 1024, 2048, 4096, 5000]
    assert contexts(E4B, above=2048)[0] == 4096
    assert contexts(replace(E4B, context_length=10_000_000))[-1] == 262_144


def test_a_header_fills_the_shape(tmp_path: Path) -> None:
    shape = read_header(write_gemma4(tmp_path / "m.gguf")).shape
    assert shape
    assert (shape.layers, shape.width, shape.window, shape.vocabulary) == (7, 128, 512, 1292)
    assert (shape.all_values, shape.sliding_values) == (64 * 2, 4 * 32 * 2)  # one layer, and four; two use another's
    with_padding = sum(tensor.n_bytes for tensor in gguf.GGUFReader(tmp_path / "m.gguf").tensors)
    assert shape.weight_bytes == with_padding


def test_other_families_keep_all_of_every_layer() -> None:
    shape = shape_of()
    assert shape
    assert (shape.all_values, shape.sliding_values, shape.window) == (4 * 2 * (32 + 32), 0, 0)
    assert (shape.attention_width, shape.per_layer_width) == (256, 0)


def test_without_groups_each_head_has_its_own_keys() -> None:
    shape = shape_of(attention__head_count_kv=None)
    assert shape
    assert shape.all_values == 4 * 8 * 64


def test_numbers_may_differ_from_layer_to_layer() -> None:
    slides = {"attention__sliding_window": 1024, "attention__sliding_window_pattern": [True, True, True, False]}
    sizes = {"attention__key_length": 64, "attention__value_length": 64, "attention__key_length_swa": 16, "attention__value_length_swa": 16}
    shape = shape_of(attention__head_count_kv=[4, 4, 4, 1], feed_forward_length=[1, 2, 900, 3], **slides, **sizes)
    assert shape
    assert (shape.all_values, shape.sliding_values) == (1 * 128, 3 * 4 * 32)
    assert (shape.feed_forward, shape.window) == (900, 1024)


def test_experts_work_side_by_side() -> None:
    shape = shape_of(feed_forward_length=100, expert_used_count=8, expert_feed_forward_length=70)
    assert shape
    assert shape.feed_forward == 560


@pytest.mark.parametrize("missing", ["block_count", "embedding_length", "attention__head_count", "context_length"])
def test_without_its_numbers_nothing_is_known(missing: str) -> None:
    assert shape_of(**{missing: None}) is None
    for nonsense in (0, -1, 2**40, "four", 1.5, [1, 2]):
        assert shape_of(**{missing: nonsense}) is None


def test_no_list_of_another_length_is_believed() -> None:
    shape = shape_of(attention__head_count_kv=[4, 4])
    assert shape
    assert shape.all_values == 4 * 8 * 64  # as if nothing were said: too much rather than too little


def test_a_finder_reads_a_text_in_one_batch_and_keeps_nothing() -> None:
    chats, finds = (need_of(E4B, Setting(2048, 2, is_finder=is_finder)) for is_finder in (False, True))
    assert (chats.earlier > 0, finds.earlier) == (True, 0)
    assert finds.buffers > chats.buffers
    assert need_of(E4B, Setting(512, 2, is_finder=True)).buffers == need_of(E4B, Setting(512, 2)).buffers
    assert finds.context == 2 * 2048 * (E4B.all_values + E4B.sliding_values) * 2  # no window is shorter than a batch


def test_with_adapters_the_prompt_cache_is_not_counted() -> None:
    without, with_some = need_of(E4B, Setting(8192, 4)), need_of(E4B, Setting(8192, 4, has_adapters=True))
    assert without.total - with_some.total == PROMPT_CACHE_MIB * MIB
    assert with_some.earlier > 0


def test_the_nearest_setting_is_of_the_same_kind() -> None:
    least = need_of(E4B, Setting(1024, 1, is_finder=True)).total
    found = fit(E4B, Setting(2048, 2, is_finder=True), Room(total=least, taken=0))
    assert found.nearest == Setting(1024, 1, is_finder=True)
