"""Measure this machine: how fast the model in use reads and writes, through the engine host of the worker that generates."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from apps.audit.services import record
from apps.core import queue
from apps.core.cancelling import cancelled
from apps.core.database import in_database
from apps.core.errors import ProductError

from .engines.base import Engine, EngineError
from .fit_rows import Measurement
from .fitting import setting_of
from .models import InstalledModel
from .services import active_model, engine_of
from .speed import WITHIN_S, Speed, TooSlow, measure

TASK = "inference.measure"
BEAT_S = 0.5
ending = threading.Event()  # this worker is being stopped


class NotInUse(ProductError):
    """Only the model in use is loaded, so only it can be measured."""

    code = "not_in_use"
    status = 409
    sentence = _("Only the model that answers can be measured: use it first.")


class MeasuredAlready(ProductError):
    """A measurement is going on."""

    code = "measured_already"
    status = 409
    sentence = _("A measurement is going on. Wait for its end, or stop it.")


@transaction.atomic
def start(*, model: InstalledModel, started_by: Any = None) -> Measurement:
    """A measurement that waits for its worker. Raises NotInUse, MeasuredAlready."""
    in_use = InstalledModel.objects.select_for_update().filter(pk=model.pk, is_active=True).first()
    if in_use is None:
        raise NotInUse
    if Measurement.objects.going_on().exists():
        raise MeasuredAlready
    waiting = {"state": Measurement.State.WAITING, "percent": 0, "beat_at": now(), "error": ""}
    measurement, _created = Measurement.objects.update_or_create(model=in_use, defaults=waiting)
    record("model.measured", actor=started_by, target=in_use.pk, name=in_use.name)
    queue.send_on_commit(TASK)
    return measurement


def stop(*, model: InstalledModel) -> None:
    """End a measurement, at the next beat where it runs; what an earlier one found stays."""
    Measurement.objects.filter(model=model).exclude(state=Measurement.State.OVER).update(state=Measurement.State.OVER)


def claim() -> InstalledModel | None:
    """The model whose measurement waits, RUNNING from now on; None if none does, or the model is not in use any more."""
    model = active_model()
    if model is None:
        return None
    waiting = Measurement.objects.going_on().filter(pk=model.pk, state=Measurement.State.WAITING)
    return model if waiting.update(state=Measurement.State.RUNNING, beat_at=now()) else None


async def run(model: InstalledModel) -> None:
    """Measure `model`, which was claimed, and keep what was found or why nothing was."""
    work = asyncio.create_task(_loaded_and_measured(engine_of(model), model))
    try:
        await _watch(work, model)
    finally:
        await cancelled(work)
    await in_database(Measurement.objects.end)(model.pk, **_outcome(work))


async def _loaded_and_measured(engine: Engine, model: InstalledModel) -> Speed:
    await engine.count_tokens("a")  # the minutes in which a large file is loaded are not its speed
    return await measure(engine, setting_of(model).context_tokens)


async def _watch(work: asyncio.Task[Speed], model: InstalledModel) -> None:
    """Tell how far it is, and leave when it is done, was stopped, or the worker is."""
    began = asyncio.get_running_loop().time()
    while not work.done():
        await asyncio.wait({work}, timeout=BEAT_S)
        percent = min(99, int((asyncio.get_running_loop().time() - began) / WITHIN_S * 100))
        if ending.is_set():
            return
        if not work.done() and not await in_database(Measurement.objects.beat)(model.pk, percent=percent):
            return


def _outcome(work: asyncio.Task[Speed]) -> dict[str, Any]:
    """The columns to keep."""
    if work.cancelled():
        return {"error": "The measurement broke off, as its worker was stopped. Begin it again."}
    error = work.exception()
    if isinstance(error, (EngineError, TooSlow)):
        return {"error": str(error)}
    speed = work.result()
    return {
        "error": "",
        "prompt_tokens_per_s": speed.prompt,
        "tokens_per_s": speed.alone,
        "busy_tokens_per_s": speed.busy,
        "measured_at": now(),
    }
