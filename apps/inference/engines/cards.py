"""llama.cpp's graphics cards: which it sees, and how a model is put onto them. Ask in a child only: a driver may end its process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .model_shape import ModelShape
from .placing import Card, Placement

GPU, INTEGRATED = "GGML_BACKEND_DEVICE_TYPE_GPU", "GGML_BACKEND_DEVICE_TYPE_IGPU"
APPLE = ("MTL", "Metal")  # its cards call themselves graphics cards, and have the machine's memory
DEVICES_MAX = 128  # the length of the list in which llama.cpp wants the shares

Place = Callable[[ModelShape, int, int], Placement]  # with how many slots, of how many tokens each


def cards_among(devices: Iterable[Mapping[str, Any]]) -> tuple[Card, ...]:
    """What llama.cpp would use of the devices that it lists, in its order: those in the processor only where there are no others."""
    known = list(devices)
    own = [_card(device, shares_memory=device["name"].startswith(APPLE)) for device in _distinct(known, GPU)]
    return tuple(own or [_card(device, shares_memory=True) for device in _distinct(known, INTEGRATED)])


def put_on_cards(params: Any, placement: Placement) -> None:
    """Have llama.cpp do what was reckoned, instead of reckoning itself."""
    params.fit_params = False
    params.n_gpu_layers = placement.layers
    params.tensor_split = [float(on.layers) for on in placement.cards] + [0.0] * (DEVICES_MAX - len(placement.cards))
    if placement.only is not None:
        params.split_mode = type(params.split_mode).LLAMA_SPLIT_MODE_NONE
        params.main_gpu = placement.only


def _distinct(devices: Iterable[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    """The devices of this kind; a card that two backends see has one id, and counts once."""
    found: dict[object, Mapping[str, Any]] = {}
    for number, device in enumerate(devices):
        if getattr(device["type"], "name", device["type"]) == kind:
            found.setdefault(device.get("device_id") or number, device)
    return list(found.values())


def _card(device: Mapping[str, Any], *, shares_memory: bool) -> Card:
    name = str(device.get("description") or device["name"])
    return Card(name, int(device["memory_total"]), int(device["memory_free"]), shares_memory)
