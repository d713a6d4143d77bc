"""How an installed model is loaded on this machine: its setting, whether that fits, and the refusal of what does not."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.services import record
from apps.core.errors import Invalid, NotFound, ProductError

from .catalogue import Entry
from .devices import cards
from .engines.gguf_header import BadModelFile, read_header
from .engines.model_shape import ModelShape
from .finding import FINDERS
from .fit import Fit, Room, Setting, contexts, fit, need_of
from .machine import Gpu, host_bytes, read_gpus, read_machine
from .models import InstalledModel, ModelFit
from .telling import ThisMachine, heard

ROOT = Path("/")
LOOKING_BYTES = 256 * 1024 * 1024  # while a projector looks at an image; estimated by the shape of Gemma's, not measured with real weights
FINDER = Setting(2048, 2)  # passages have a quarter of it, and memory grows with its square
# Of the Gemma 4 family, whose numbers the catalogue has: the heads are the same in all sizes, the rest is that of the widest.
GEMMA_HEAD, GEMMA_SLIDING_HEAD = 512, 256
WIDEST_GEMMA = {"vocabulary": 262_144, "layers": 60, "width": 5376, "feed_forward": 21_504, "attention_width": 16_384, "per_layer_width": 0}


class DoesNotFit(ProductError):
    """The model needs more memory than there is; the sentence has the numbers, and the nearest setting that fits."""

    code = "does_not_fit"
    status = 409


class UnknownSetting(Invalid):
    """The context or the number of answers is none that this model can have."""

    code = "unknown_setting"
    sentence = gettext_lazy("This model cannot be loaded so. Choose a context and a number of answers from the lists.")


def this_machine() -> ThisMachine:
    """The machine of the worker that loads models, as it says; what this process sees of its own where none has said anything lately."""
    return heard() or look()


def look() -> ThisMachine:
    """What a model may have here: all that is free, and what the models that are loaded now would give back."""
    machine = read_machine(ROOT, gpus=_gpus())
    returned = host_bytes(settings.HOME.sockets, ROOT)
    taken = machine.memory_bytes - machine.available_bytes - returned
    return ThisMachine(machine, Room(machine.memory_bytes, max(0, taken), cards()))


@cache
def _gpus() -> tuple[Gpu, ...]:
    return read_gpus()


def setting_of(model: InstalledModel) -> Setting:
    """How the model is loaded, or the base of an adapter: as was chosen for it, else as the settings say or as finders are."""
    model = model.base or model
    kept: ModelFit | None = getattr(model, "fit", None)
    usual = FINDER if model.role in FINDERS else Setting(settings.CONTEXT_TOKENS, settings.SLOTS)
    context_tokens = (kept.context_tokens if kept else None) or usual.context_tokens
    slots = (kept.slots if kept else None) or usual.slots
    return Setting(min(context_tokens, model.context_length), min(slots, settings.SLOTS))


def keep_shape(model: InstalledModel, shape: ModelShape | None) -> None:
    """Keep what the header says about memory; the setting that was chosen stays."""
    ModelFit.objects.update_or_create(model=model, defaults={"shape": asdict(shape) if shape else None})


def shape_of(model: InstalledModel) -> ModelShape | None:
    """What is known of the model's memory; a model that was added before this was kept has its header read. None where it does not say."""
    kept: ModelFit | None = getattr(model, "fit", None)
    if kept is not None:
        return kept.known_shape
    try:
        return read_header(model.place).shape
    except BadModelFile:
        return None  # what is wrong with the file is said where it is looked at


def need_bytes_of(model: InstalledModel) -> int:
    """What the model and its parts take as they are loaded, by what is kept of it; 0 where that is nothing. Reads no file."""
    model = model.base or model
    kept: ModelFit | None = getattr(model, "fit", None)
    shape = kept.known_shape if kept else None
    return need_of(_with_parts(shape, model), _as_loaded(model, setting_of(model))).total if shape else 0


def _as_loaded(model: InstalledModel, setting: Setting) -> Setting:
    """The setting with what the model's role and its parts add to it."""
    has_adapters = any(part.role == part.Role.CHAT for part in model.parts.all())
    return replace(setting, is_finder=model.role in FINDERS, has_adapters=has_adapters)


def _with_parts(shape: ModelShape, model: InstalledModel) -> ModelShape:
    parts_bytes = sum(part.size_bytes + LOOKING_BYTES * (part.role == part.Role.PROJECTOR) for part in model.parts.all())
    return replace(shape, weight_bytes=shape.weight_bytes + parts_bytes)


def fit_of(model: InstalledModel, here: ThisMachine, setting: Setting | None = None) -> Fit | None:
    """How the model and its parts fare on this machine, with another setting or its own; None where its file says too little to tell."""
    model = model.base or model
    shape = shape_of(model)
    if shape is None:
        return None
    wanted = _as_loaded(model, setting or setting_of(model))
    return fit(_with_parts(shape, model), wanted, here.room, above=settings.ANSWER_MAX_TOKENS)


def fit_of_offer(entry: Entry, here: ThisMachine) -> Fit | None:
    """How a model of the catalogue would fare as the installation's settings say; None where the catalogue has no numbers for it."""
    shape = shape_of_entry(entry)
    wanted = Setting(settings.CONTEXT_TOKENS, settings.SLOTS)
    return fit(shape, wanted, here.room, above=settings.ANSWER_MAX_TOKENS) if shape else None


def shape_of_entry(entry: Entry) -> ModelShape | None:
    """The shape of a file that is not here yet: its cache by the catalogue's numbers, its buffers as of the widest of the family."""
    known = entry.memory
    if known is None:
        return None
    return ModelShape(
        weight_bytes=entry.size_bytes,
        context_length=entry.context_length,
        all_values=known.global_layers * known.global_kv_heads * 2 * GEMMA_HEAD,
        sliding_values=known.sliding_layers * known.sliding_kv_heads * 2 * GEMMA_SLIDING_HEAD,
        window=known.window,
        parts=(),
        **WIDEST_GEMMA,
    )


def settings_for(model: InstalledModel) -> tuple[list[int], list[int]]:
    """The contexts and the numbers of answers at once that can be chosen; a context is longer than the longest answer."""
    shape = shape_of(model)
    now = setting_of(model)
    known = contexts(shape, above=settings.ANSWER_MAX_TOKENS) if shape else []
    return sorted({*known, now.context_tokens}), list(range(1, settings.SLOTS + 1))


def refuse_what_does_not_fit(model: InstalledModel, setting: Setting | None = None) -> None:
    """Raises DoesNotFit with the numbers."""
    here = this_machine()
    if here.machine.lacks_avx2:
        raise DoesNotFit(no_avx2())
    found = fit_of(model, here, setting)
    if found and found.verdict == "not":
        raise DoesNotFit(refusal(model.name, found))


def no_avx2() -> str:
    """What is said of a processor that is too old."""
    return _(
        "This machine's processor lacks AVX2, which llama.cpp as it is installed needs: no model can be loaded here. "
        "The documents' own words answer on any processor."
    )


def refusal(name: str, found: Fit) -> str:
    """Why the model is not loaded so, with the numbers, and what would fit."""
    numbers = {
        "name": name,
        "need": filesizeformat(found.need.total),
        "free": filesizeformat(found.room.free),
        "missing": filesizeformat(found.missing),
        "context": found.setting.context_tokens,
        "slots": found.setting.slots,
    }
    sentence = _(
        "%(name)s does not fit: with %(slots)s answers at once of %(context)s tokens each it needs %(need)s of memory, "
        "%(free)s are free, so %(missing)s are missing."
    )
    return f"{sentence % numbers} {advice(found)}"


def advice(found: Fit) -> str:
    """The nearest setting that fits, in words."""
    if found.nearest is None:
        return _("No smaller setting fits either: choose a smaller model, or end other programs.")
    nearest = {"context": found.nearest.context_tokens, "slots": found.nearest.slots}
    return _("It fits with a context of %(context)s tokens and %(slots)s at once.") % nearest


@transaction.atomic
def keep_setting(*, model: InstalledModel, context_tokens: int, slots: int, kept_by: Any = None) -> ModelFit:
    """Load the model so from its next load on, which is at the next question. Raises UnknownSetting, DoesNotFit, NotFound."""
    known = InstalledModel.objects.select_for_update().filter(pk=model.pk).first()
    if known is None:
        raise NotFound
    wide, many = settings_for(known)
    if context_tokens not in wide or slots not in many:
        raise UnknownSetting
    refuse_what_does_not_fit(known, Setting(context_tokens, slots))
    shape = shape_of(known)
    kept, _created = ModelFit.objects.update_or_create(
        model=known, defaults={"context_tokens": context_tokens, "slots": slots, "shape": asdict(shape) if shape else None}
    )
    record("model.fitted", actor=kept_by, target=known.pk, name=known.name, context_tokens=context_tokens, slots=slots)
    return kept
