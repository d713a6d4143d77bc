"""The memory of a model and of this machine, as the page of models shows them."""

from __future__ import annotations

from typing import TypedDict

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from apps.inference import fitting
from apps.inference.catalogue import Entry
from apps.inference.engines.placing import OnCard
from apps.inference.fit import Fit, Setting
from apps.inference.fit_views import whole_number
from apps.inference.models import InstalledModel
from apps.inference.telling import ThisMachine

BAR = 1000  # the bar is so many units wide

register = template.Library()


class Part(TypedDict):
    """A part of the bar: where it begins, and how wide it is."""

    kind: str
    label: str
    size: int
    start: int
    width: int


class Bar(TypedDict):
    """The memory of the machine, or of one of its graphics cards, from left to right."""

    name: str
    parts: list[Part]


Sizes = tuple[tuple[str, str, int], ...]


@register.inclusion_tag("inference/_fit.html", takes_context=True)
def model_fit(context: Context, model: InstalledModel) -> dict[str, object]:
    """The model's fit under the setting that is looked at: the one asked for in the address, if that is of this model, or its own."""
    here: ThisMachine = context["here"]
    request: HttpRequest = context["request"]
    own = fitting.setting_of(model)
    wide, many = fitting.settings_for(model)
    looked_at = _asked_for(request, model, wide, many) or own
    found = fitting.fit_of(model, here, looked_at)
    return {
        "model": model,
        "found": found,
        "verdict": _verdict(found) if found else "",
        "advice": fitting.advice(found) if found and found.verdict == "not" else "",
        "on_cards": on_cards(found) if found else "",
        "bars": bars(found) if found else [],
        "contexts": wide,
        "slots": many,
        "looked_at": looked_at,
        "is_own": looked_at == own,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("inference/_offer_fit.html")
def offer_fit(entry: Entry, here: ThisMachine) -> dict[str, object]:
    """Whether a model that can be had would fit this machine."""
    found = fitting.fit_of_offer(entry, here)
    advice = fitting.advice(found) if found and found.verdict == "not" else ""
    return {"found": found, "verdict": _verdict(found) if found else "", "advice": advice}


@register.inclusion_tag("inference/_machine.html")
def machine(here: ThisMachine) -> dict[str, object]:
    """This machine in a sentence, and what stands against models on it."""
    known = here.machine
    return {
        "room": here.room,
        "machine": known,
        "instructions": " ".join(known.instructions),
        "uses_no_gpu": known.gpus and not here.room.cards,
        "cards": here.room.cards or known.gpus,
        "trouble": fitting.no_avx2() if known.lacks_avx2 else "",
    }


def bars(found: Fit) -> list[Bar]:
    """The machine's memory, and that of each of its graphics cards which has one of its own."""
    of_cards = [Bar(name=on.card.name, parts=_parts(_card_sizes(on))) for on in found.placement.cards if not on.card.shares_memory]
    return [Bar(name=_("Memory"), parts=_parts(_memory_sizes(found))), *of_cards]


def _memory_sizes(found: Fit) -> Sizes:
    """What is missing where the model does not fit comes last."""
    need, room = found.need, found.room
    return (
        ("rest", _("The rest of the product, and other programs"), room.taken),
        ("weights", _("Weights"), need.weights),
        ("context", _("Context"), need.context),
        ("buffers", _("Buffers"), need.buffers),
        ("earlier", _("Earlier prompts"), need.earlier),
        ("free", _("Free"), found.left),
    )


def _card_sizes(on: OnCard) -> Sizes:
    return (
        ("rest", _("Other programs"), max(0, on.card.total_bytes - on.card.free_bytes)),
        ("weights", _("Weights"), on.weights),
        ("context", _("Context"), on.context),
        ("buffers", _("Buffers"), on.buffers),
        ("free", _("Free"), max(0, on.card.free_bytes - on.total)),
    )


def _parts(sizes: Sizes) -> list[Part]:
    whole = max(1, sum(size for _kind, _label, size in sizes))
    ends = [sum(size for _kind, _label, size in sizes[: index + 1]) * BAR // whole for index in range(len(sizes))]
    starts = [0, *ends[:-1]]
    return [
        Part(kind=kind, label=label, size=size, start=start, width=end - start)
        for (kind, label, size), start, end in zip(sizes, starts, ends, strict=True)
    ]


def _asked_for(request: HttpRequest, model: InstalledModel, wide: list[int], many: list[int]) -> Setting | None:
    asked = request.GET
    if asked.get("model") != model.name:
        return None
    context_tokens, slots = (whole_number(asked.get(name, "")) for name in ("context", "slots"))
    return Setting(context_tokens, slots) if context_tokens in wide and slots in many else None


def on_cards(found: Fit) -> str:
    """How much of the model the graphics cards compute, in a sentence; empty where there are none."""
    placed = found.placement
    if not placed.cards:
        return ""
    if placed.layers == placed.of_layers:
        return (
            _("All of its layers go onto the graphics card.")
            if placed.only is not None
            else _("All of its layers go onto the graphics cards.")
        )
    numbers = {"layers": placed.layers, "all": placed.of_layers}
    if placed.layers:
        return _("%(layers)s of its %(all)s layers go onto graphics cards; the processor computes the others, more slowly.") % numbers
    return _("None of its layers has room on a graphics card; the processor computes all of them.")


def _verdict(found: Fit) -> str:
    """Whether it fits, in words."""
    if found.verdict == "not":
        return _("Does not fit: needs %(missing)s more") % {"missing": filesizeformat(found.missing)}
    return _("Fits well") if found.verdict == "well" else _("Fits tightly")
