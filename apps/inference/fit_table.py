"""What `manage.py models fit` prints: this machine, and a line for each model."""

from __future__ import annotations

from collections.abc import Iterator

from django.template.defaultfilters import filesizeformat

from .fit import Fit
from .fitting import advice, fit_of, no_avx2, this_machine
from .models import InstalledModel
from .services import NoSuchModel
from .telling import ThisMachine

COLUMNS = ("model", "context", "at once", "weights", "for context", "buffers", "earlier", "needs", "on cards", "verdict")
WIDTHS = (24, 8, 8, 10, 12, 10, 10, 10, 10, 0)


def fit_table(name: str = "") -> Iterator[str]:
    """Lines about all models, or the one of this name. Raises NoSuchModel."""
    known = InstalledModel.objects.with_parts().order_by("name")
    models = list(known.called(name) if name else known.filter(base=None))  # a part is counted with its model
    if name and not models:
        raise NoSuchModel
    here = this_machine()
    yield machine_line(here)
    if here.machine.lacks_avx2:
        yield no_avx2()
    if here.machine.gpus and not here.room.cards:
        yield "This build of llama.cpp uses no GPU: `make run XLLAMACPP_INDEX=URL` installs one that does, see README.md."
    yield _line(COLUMNS)
    for model in models:
        yield from _model_lines(model.name, fit_of(model, here))


def machine_line(here: ThisMachine) -> str:
    """This machine in a sentence."""
    machine = here.machine
    known = [f"{machine.cores:g} cores", " ".join(machine.instructions) or "unknown instructions"]
    known += [f"{card.name} with {_size(card.total_bytes)}" for card in here.room.cards or machine.gpus] or ["no graphics card"]
    return f"This machine: {_size(here.room.total)} of memory, {_size(here.room.free)} free for a model, {', '.join(known)}."


def verdict(found: Fit) -> str:
    """Whether it fits, in words."""
    words = {"well": "fits well", "tightly": "fits tightly", "not": f"does not fit: needs {_size(found.missing)} more"}
    return words[found.verdict]


def _model_lines(name: str, found: Fit | None) -> Iterator[str]:
    if found is None:
        yield _line((name, *["?"] * 8, "its file does not say how much memory it needs"))
        return
    need = found.need
    sizes = [_size(part) for part in (need.weights, need.context, need.buffers, need.earlier, need.total)]
    on_cards = f"{found.placement.layers} of {found.placement.of_layers}" if found.placement.cards else "-"
    yield _line((name, str(found.setting.context_tokens), str(found.setting.slots), *sizes, on_cards, verdict(found)))
    if found.verdict == "not":
        yield f"  {advice(found)}"


def _line(cells: tuple[str, ...]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _size(size_bytes: int) -> str:
    return filesizeformat(size_bytes).replace("\N{NO-BREAK SPACE}", " ")
