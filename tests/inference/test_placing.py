"""How many layers go onto which graphics card, by the free memory that the cards' makers' programs were recorded with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import xllamacpp

from apps.inference.engines.cards import cards_among, put_on_cards
from apps.inference.engines.gguf_header import read_header
from apps.inference.engines.llama import LlamaModel
from apps.inference.engines.model_shape import LayerShape, ModelShape
from apps.inference.engines.placing import MARGIN_BYTES, Card, LayerNeed, Placement, place
from apps.inference.fit import Room, Setting, fit, need_of, placement_of
from apps.inference.machine import read_gpus
from tests.gguf_writer import Shape, write_gemma4

from .machines import E4B, GIB, LAPTOP, program

# What nvidia-smi says with two cards of unequal size, and rocm-smi with two, in the form that it has since ROCm 5.
NVIDIA = "NVIDIA GeForce RTX 4090, 24564, 23028\nNVIDIA GeForce RTX 3060, 12288, 11902"
ROCM = (
    '{"card0": {"Card Series": "Radeon RX 7900 XTX", "VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "53026560"},'
    ' "card1": {"Card Series": "Radeon RX 6600", "VRAM Total Memory (B)": "8573157376", "VRAM Total Used Memory (B)": "573157376"}}'
)
EIGHT = Setting(8192, 4)
# The published numbers of Gemma 4 31B: 60 layers, of which 10 see everything (4 KV heads of 512) and 50 slide (16 of 256).
LAYERS_31B = [LayerShape(260_000_000, *((4 * 2 * 512, 0) if number % 6 == 5 else (0, 16 * 2 * 256))) for number in range(60)]
GEMMA_31B = ModelShape(
    weight_bytes=17_651_001_568,
    context_length=262_144,
    vocabulary=262_144,
    layers=60,
    width=5376,
    feed_forward=21_504,
    attention_width=16_384,
    per_layer_width=0,
    all_values=10 * 4 * 2 * 512,
    sliding_values=50 * 16 * 2 * 256,
    window=1024,
    parts=(*LAYERS_31B, LayerShape(1_150_000_000)),
)


def card(gib: float, name: str = "card", *, shares_memory: bool = False) -> Card:
    """A card with so much free memory."""
    return Card(name, int(gib * GIB), int(gib * GIB), shares_memory)


def recorded(folder: Path, tool: str, said: str) -> tuple[Card, ...]:
    """The cards that a maker's program tells of, as llama.cpp lists them."""
    (folder / "said").write_text(said)
    gpus = read_gpus(program(folder, tool, f"/bin/cat {folder / 'said'}"))
    return tuple(Card(gpu.name, gpu.total_bytes, gpu.free_bytes) for gpu in gpus)


def test_a_model_that_fits_goes_onto_one_card() -> None:
    placed = placement_of(E4B, EIGHT, (card(8), card(24)))
    assert (placed.layers, placed.of_layers, placed.only) == (43, 43, 1)
    assert [on.layers for on in placed.cards] == [0, 43]
    assert placed.own_bytes == placed.cards[1].total < 24 * GIB - MARGIN_BYTES


def test_of_a_model_that_does_not_fit_the_last_layers_go() -> None:
    layers = [LayerNeed(weights=(number + 1) * 100, context=10) for number in range(4)]
    placed = place(layers, buffers=50, cards=[Card("c", 0, MARGIN_BYTES + 50 + 400 + 300 + 20)])
    assert (placed.layers, placed.cards[0].weights, placed.cards[0].context, placed.cards[0].buffers) == (2, 700, 20, 50)
    one_byte_less = place(layers, buffers=50, cards=[Card("c", 0, MARGIN_BYTES + 50 + 400 + 300 + 19)])
    assert one_byte_less.layers == 1


@pytest.mark.parametrize("cards", [(), (card(0.5),), (card(1.1), card(1.05))])
def test_where_there_is_no_room_nothing_goes(cards: tuple[Card, ...]) -> None:
    placed = placement_of(E4B, EIGHT, cards)
    assert (placed.layers, placed.only, placed.own_bytes) == (0, None, 0)
    assert [on.total for on in placed.cards] == [0] * len(cards)


def test_cards_of_nvidia_of_unequal_size_share_by_their_memory(tmp_path: Path) -> None:
    cards = recorded(tmp_path, "nvidia-smi", NVIDIA)
    placed = placement_of(GEMMA_31B, EIGHT, cards)
    large, small = placed.cards
    assert (large.card.name, small.card.name) == ("NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3060")
    assert (placed.layers, placed.of_layers, placed.only) == (61, 61, None)
    for on in placed.cards:
        assert on.total + MARGIN_BYTES <= on.card.free_bytes
    rooms = [on.card.free_bytes - MARGIN_BYTES - on.buffers for on in placed.cards]
    shares = [(on.weights + on.context) / room for on, room in zip(placed.cards, rooms, strict=True)]
    assert abs(shares[0] - shares[1]) < 0.2  # a layer's weight is 4 % of the smaller one; the output's 12 %


def test_cards_of_amd_take_what_they_can(tmp_path: Path) -> None:
    cards = recorded(tmp_path, "rocm-smi", ROCM)
    assert [one.free_bytes for one in cards] == [25_700_000_000, 8_000_000_000]
    short = placement_of(GEMMA_31B, Setting(8192, 1), cards)
    assert (short.layers, short.only) == (61, 0)
    long = placement_of(GEMMA_31B, Setting(65_536, 4), cards)
    assert 0 < long.layers < 61
    for on in long.cards:
        assert on.total == 0 or on.total + MARGIN_BYTES <= on.card.free_bytes


def test_more_room_never_means_fewer_layers() -> None:
    found = [placement_of(GEMMA_31B, EIGHT, (card(gib), card(gib / 2))).layers for gib in range(1, 40)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, 61)


def test_what_is_on_a_card_is_not_in_memory() -> None:
    without = fit(GEMMA_31B, EIGHT, LAPTOP)
    assert without.verdict == "not"
    beside = fit(GEMMA_31B, EIGHT, replace(LAPTOP, cards=(card(48),)))
    assert beside.verdict == "well"
    assert beside.need.weights == 17_651_001_568 - 60 * 260_000_000
    assert (beside.need.context, beside.need.earlier) == (0, need_of(GEMMA_31B, EIGHT).earlier)
    assert beside.need.weights + beside.placement.cards[0].weights == 17_651_001_568 + 1_150_000_000  # the output is a copy


def test_half_of_a_model_leaves_the_other_half_in_memory() -> None:
    found = fit(GEMMA_31B, EIGHT, replace(LAPTOP, cards=(card(12),)))
    whole = need_of(GEMMA_31B, EIGHT)
    on = found.placement.cards[0]
    assert 0 < on.layers < 61
    assert found.need.context + on.context == whole.context
    assert found.need.total < whole.total


def test_a_card_in_the_processor_takes_of_the_machine_s_memory() -> None:
    found = fit(E4B, EIGHT, replace(LAPTOP, cards=(card(16, shares_memory=True),)))
    on = found.placement.cards[0]
    assert found.placement.layers == 43
    assert found.placement.own_bytes == 0
    assert found.need.total == need_of(E4B, EIGHT).total + on.buffers


def test_what_the_card_takes_lets_a_larger_setting_fit() -> None:
    room = Room(total=8 * GIB, taken=2 * GIB)
    assert fit(GEMMA_31B, EIGHT, room).nearest is None
    helped = fit(GEMMA_31B, Setting(131_072, 4), replace(room, cards=(card(24),)), above=2048)
    assert helped.nearest
    assert fit(GEMMA_31B, helped.nearest, replace(room, cards=(card(24),))).verdict != "not"


def test_a_header_tells_the_weights_of_each_layer(tmp_path: Path) -> None:
    shape = read_header(write_gemma4(tmp_path / "m.gguf", Shape(words=700))).shape
    assert shape
    assert len(shape.parts) == 8
    tokens = 128 * (700 + 268) * 2
    assert shape.parts[-1].weight_bytes == tokens + 128 * 4  # a copy of the tokens' numbers, and the norm
    inside = sum(part.weight_bytes for part in shape.parts[:-1])
    looked_up = tokens + 32 * 7 * (700 + 268) * 2 + 32 * 4  # and what else stays in memory
    assert inside + looked_up + 128 * 4 == shape.weight_bytes
    assert sum(part.all_values for part in shape.parts) == shape.all_values
    assert sum(part.sliding_values for part in shape.parts) == shape.sliding_values


def test_without_parts_the_layers_are_alike() -> None:
    assert len(E4B.each_layer) == 43
    assert E4B.each_layer[0] == E4B.each_layer[41]
    assert E4B.each_layer[-1] == LayerShape(0)


def test_llama_cpp_is_told_the_layers_of_each_card() -> None:
    params = xllamacpp.CommonParams()
    two = placement_of(GEMMA_31B, EIGHT, (card(16), card(12)))
    put_on_cards(params, two)
    assert not params.fit_params
    assert params.n_gpu_layers == 61
    assert list(params.tensor_split)[:3] == [float(on.layers) for on in two.cards] + [0.0]
    assert params.split_mode.name == "LLAMA_SPLIT_MODE_LAYER"


def test_one_card_of_several_is_named() -> None:
    params = xllamacpp.CommonParams()
    put_on_cards(params, placement_of(E4B, EIGHT, (card(4), card(24), card(12))))
    assert (params.n_gpu_layers, params.main_gpu, params.split_mode.name) == (43, 1, "LLAMA_SPLIT_MODE_NONE")


def test_a_build_without_cards_runs_the_model_as_before(tmp_path: Path) -> None:
    def nowhere(shape: ModelShape, slots: int, context_tokens: int) -> Placement:
        assert (shape.layers, slots, context_tokens) == (7, 2, 512)
        return placement_of(shape, Setting(context_tokens, slots), ())

    model = LlamaModel(write_gemma4(tmp_path / "m.gguf"), slots=2, context_tokens=512, place=nowhere)
    assert model.placement
    assert model.placement.layers == 0
    assert model.count_tokens("abc") > 0


def test_a_build_that_sees_no_card_ignores_the_number_of_layers(tmp_path: Path) -> None:
    model = LlamaModel(
        write_gemma4(tmp_path / "m.gguf"), slots=1, context_tokens=512, place=lambda shape, *_: placement_of(shape, EIGHT, (card(24),))
    )
    assert model.placement
    assert model.placement.layers == 8
    assert model.count_tokens("abc") > 0


def test_what_is_in_the_processor_counts_only_where_nothing_else_is() -> None:
    listed: list[dict[str, object]] = [
        {"name": "CPU", "type": "GGML_BACKEND_DEVICE_TYPE_CPU", "memory_total": 9, "memory_free": 9, "device_id": ""},
        {"name": "Vulkan0", "type": "GGML_BACKEND_DEVICE_TYPE_IGPU", "memory_total": 8, "memory_free": 7, "device_id": "0:2"},
    ]
    rtx = {"description": "RTX", "type": "GGML_BACKEND_DEVICE_TYPE_GPU", "memory_total": 6, "memory_free": 5, "device_id": "1"}
    listed += [{"name": name} | rtx for name in ("CUDA0", "Vulkan1")]
    assert cards_among(listed) == (Card("RTX", 6, 5),)
    assert cards_among(listed[:2]) == (Card("Vulkan0", 8, 7, shares_memory=True),)
    assert cards_among(listed[:1]) == ()


def test_two_equal_cards_without_ids_are_two() -> None:
    one = {"name": "MTL0", "type": "GGML_BACKEND_DEVICE_TYPE_GPU", "memory_total": 6, "memory_free": 5, "device_id": ""}
    assert [known.shares_memory for known in cards_among([one, one])] == [True, True]


def test_this_build_s_devices_are_read() -> None:
    assert cards_among(xllamacpp.get_device_info()) == ()
