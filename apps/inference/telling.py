"""The worker that loads models tells of its machine: where each part runs in a container of its own, web sees other limits and no cards."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis.exceptions import RedisError

from apps.core import live

from .engines.placing import Card
from .fit import Room
from .machine import Gpu, Machine

logger = logging.getLogger(__name__)
KEY = "gemmaweb:machine"
EVERY_S = 5
EXPIRES_S = 20


@dataclass(frozen=True, slots=True)
class ThisMachine:
    """A machine as it is now, and the room that it has for a model."""

    machine: Machine
    room: Room


def tell(here: ThisMachine) -> None:
    """Say it once; the word expires by itself. A Redis that is gone is logged: it will be told again."""
    try:
        live.client().set(KEY, json.dumps(asdict(here)), ex=EXPIRES_S)
    except RedisError as error:
        logger.warning("the machine was not told (%s)", error)


def heard() -> ThisMachine | None:
    """The machine as it was told in the last seconds; None where nobody has told."""
    try:
        word = live.client().get(KEY)
    except RedisError as error:
        logger.warning("the machine cannot be heard of (%s)", error)
        return None
    return _read(json.loads(str(word))) if word else None


def keep_telling(look: Callable[[], ThisMachine], *, then: Callable[[], object]) -> threading.Event:
    """Tell what `look` sees for as long as this process lives, or until what is returned is set; do `then` after the first time."""
    enough = threading.Event()
    threading.Thread(target=_tell_until, args=(enough, look, then), name="machine", daemon=True).start()
    return enough


def _tell_until(enough: threading.Event, look: Callable[[], ThisMachine], then: Callable[[], object]) -> None:
    try:
        tell(look())
    finally:
        then()
    while not enough.wait(EVERY_S):
        tell(look())


def _read(told: Mapping[str, Any]) -> ThisMachine:
    machine, room = told["machine"], told["room"]
    gpus = tuple(Gpu(**gpu) for gpu in machine["gpus"])
    cards = tuple(Card(**card) for card in room["cards"])
    known = Machine(**{**machine, "instructions": tuple(machine["instructions"]), "gpus": gpus})
    return ThisMachine(known, Room(**{**room, "cards": cards}))
