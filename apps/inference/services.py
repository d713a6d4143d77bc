"""Add a model, choose the one in use, and find what answers with it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from apps.audit.services import record
from apps.core.errors import Invalid, NotFound, ProductError

from .engines.base import ChatRequest, EngineError, TextPiece, ThinkingPiece
from .engines.choosing import choose_reader
from .engines.gguf_header import BadModelFile, GgufHeader
from .finder_trial import try_finder
from .fitting import keep_shape, need_bytes_of, refuse_what_does_not_fit, setting_of
from .host_client import LocalEngine
from .host_keeper import HostKeeper
from .host_process import HostPlan
from .model_file import ModelFile, ModelFileChanged, read_model_file, refuse_if_changed
from .models import InstalledModel, RemoteModel, kept_path

NO_MODEL = "quote"  # the engine that needs none: what a name of a model may not be
TRIAL_TOKENS = 16
TRIAL_CONTEXT_TOKENS = 512
Role = InstalledModel.Role


class ModelRefused(ProductError):
    """The file is no chat model that works here; the sentence is the reason."""

    code = "model_refused"
    status = 422


class NameTaken(ProductError):
    """Another file has this name."""

    code = "name_taken"
    status = 409
    sentence = _("There is a model of this name already; choose another name.")


class NotForAnswers(ProductError):
    """An embedder, a reranker or a part was to answer."""

    code = "not_for_answers"
    status = 409
    sentence = _("By itself it cannot answer. Choose a model that chats.")


class NoneBefore(ProductError):
    """There is no way back."""

    code = "none_before"
    status = 409
    sentence = _("No other model was in use before.")


class HasParts(ProductError):
    """Something belongs to the model, and would be nothing without it."""

    code = "has_parts"
    status = 409
    sentence = _("This belongs to %(name)s: %(parts)s. Remove it first.")

    def __init__(self, name: str, parts: Collection[str]) -> None:
        super().__init__(self.sentence % {"name": name, "parts": ", ".join(parts)})


class NoSuchModel(NotFound):
    """No model of this name is installed."""

    code = "no_such_model"
    sentence = _("No model of this name is installed.")


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """A file that may be offered."""

    file: ModelFile
    header: GgufHeader
    role: str
    base: InstalledModel | None = None  # of a part


def active_model() -> InstalledModel | None:
    """The model that answers, or None: then the documents' own words do."""
    return InstalledModel.objects.filter(role=InstalledModel.Role.CHAT, is_active=True).with_parts().first()


def engine_of(model: InstalledModel, *, beside: Collection[ModelFile] = ()) -> LocalEngine:
    """What answers with `model`, loaded as its setting says, `beside` others; to be used from the one event loop of a worker."""
    adapter = model.file if model.base else None
    return keeper().engine(model.loaded, setting_of(model), need_bytes=need_bytes_of(model), beside=beside, adapter=adapter)


@cache
def keeper() -> HostKeeper:
    """The hosts of this process, to be used from its one event loop."""
    return HostKeeper(HostPlan(sockets_folder(), settings.SLOTS, settings.CONTEXT_TOKENS))


def sockets_folder() -> Path:
    """Where hosts listen: in the home, or in a new folder where nobody has made one there."""
    shared = settings.HOME.sockets
    return shared if shared.is_dir() else Path(tempfile.mkdtemp(prefix="gemmaweb-"))


def add_model(
    *, path: Path, name: str = "", role: str = Role.CHAT, engine: str = "", family: str = "", added_by: Any = None
) -> InstalledModel:
    """Check the file, let it answer a trial in a process of its own, and offer it. The same file under its name is checked anew.

    Without `engine` the file decides; `family` is what an old file does not say. Raises ModelRefused, NameTaken.
    """
    return store_model(check_model(path=path.absolute(), name=name, role=role, engine=engine, family=family), added_by=added_by)


def check_model(
    *, path: Path, name: str = "", role: str = Role.CHAT, sha256: str = "", engine: str = "", family: str = "", pooling: str = ""
) -> CheckedModel:
    """What is known of the file, after a trial. Its bytes are read unless their `sha256` is known already.

    Raises ModelRefused, NameTaken.
    """
    try:
        runs_on, header = choose_reader(path, engine=engine, family=family, chats=role == Role.CHAT)
        file = read_model_file(path, model_name(name or header.name or path.stem), sha256=sha256)
        file = replace(file, engine=runs_on, family=header.architecture, role=str(role), pooling=pooling)
        refuse_taken_name(file)
        asyncio.run(trial(file) if role == Role.CHAT else try_finder(file))
    except (BadModelFile, EngineError) as error:
        raise ModelRefused(str(error)) from error
    except OSError as error:
        raise ModelRefused(f"The file cannot be read: {error.strerror}.") from error
    return CheckedModel(file, header, role)


def use_checked_model(name: str, *, used_by: Any) -> InstalledModel:
    """Like `use_model`, but a file that would have to be read again is refused: that takes minutes, and a page waits for this.

    Raises NoSuchModel, ModelRefused, DoesNotFit.
    """
    chosen = InstalledModel.objects.visible_to(used_by).called(name).select_related("base").first()
    if chosen is None:
        raise NoSuchModel
    return _use_unread(chosen, used_by=used_by)


@transaction.atomic
def use_model(name: str, *, used_by: Any = None) -> InstalledModel:
    """The model that answers from the next run on; its file has been looked at again.

    Raises NoSuchModel, NotForAnswers, ModelRefused, DoesNotFit.
    """
    installed = InstalledModel.objects.select_for_update().order_by("pk")  # all of them: two who choose go one after the other
    chosen = next((model for model in installed if name in (model.name, model.catalogue_key or None)), None)
    if chosen is None:
        raise NoSuchModel
    if chosen.role != Role.CHAT:
        raise NotForAnswers
    try:
        for model in filter(None, (chosen.base, chosen)):
            refuse_if_changed(model.file)
    except ModelFileChanged as error:
        raise ModelRefused(str(error)) from error
    refuse_what_does_not_fit(chosen)
    InstalledModel.objects.filter(role=chosen.role, is_active=True).exclude(pk=chosen.pk).update(is_active=False, left_at=now())
    RemoteModel.objects.filter(is_active=True).update(is_active=False)
    chosen.is_active = True
    chosen.save(update_fields=["is_active"])
    record("model.used", actor=used_by, target=chosen.pk, name=chosen.name)
    return chosen


@transaction.atomic
def use_no_model(*, used_by: Any = None) -> None:
    """Answer with the documents' own words from the next run on."""
    was_remote = RemoteModel.objects.filter(is_active=True).update(is_active=False)
    was_file = InstalledModel.objects.filter(role=InstalledModel.Role.CHAT, is_active=True).update(is_active=False, left_at=now())
    if was_file or was_remote:
        record("model.used", actor=used_by, name=NO_MODEL)


def use_model_before(*, used_by: Any = None) -> InstalledModel:
    """The model that was in use before, in use again: the way back from a change that turned out badly. Raises NoneBefore, ModelRefused."""
    before = InstalledModel.objects.used_before().select_related("base").first()
    if before is None:
        raise NoneBefore
    return _use_unread(before, used_by=used_by)


def _use_unread(chosen: InstalledModel, *, used_by: Any) -> InstalledModel:
    """Use it where neither its file nor its base's would have to be read again. Raises ModelRefused, DoesNotFit."""
    if chosen.base and chosen.base.trouble:
        raise ModelRefused(f"{chosen.base.name}: {chosen.base.trouble}")
    if chosen.trouble:
        raise ModelRefused(chosen.trouble)
    return use_model(chosen.name, used_by=used_by)


@transaction.atomic
def store_model(checked: CheckedModel, *, added_by: Any = None, catalogue_key: str = "") -> InstalledModel:
    """Offer a model that was checked; `catalogue_key` says that its file was fetched by us.

    Raises NameTaken, ModelRefused, NoSuchModel, HasParts.
    """
    file, header = checked.file, checked.header
    refuse_taken_name(file)
    _refuse_other_base(checked)
    facts = {
        "role": checked.role,
        "path": kept_path(file.path),
        "engine": file.engine,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "modified_ns": file.modified_ns,
        "architecture": header.architecture[:100],
        "quantisation": header.quantisation,
        "context_length": header.context_length,
        "base": checked.base,
        "added_by": added_by,
        "verify_asked_at": None,
        "verified_at": now(),
    } | ({"catalogue_key": catalogue_key} if catalogue_key else {})
    model, _created = InstalledModel.objects.update_or_create(name=file.name, defaults=facts)
    if not checked.base:
        keep_shape(model, header.shape)
    base_name = checked.base.name if checked.base else ""
    record("model.added", actor=added_by, target=model.pk, name=model.name, sha256=model.sha256, base=base_name)
    return model


def refuse_taken_name(file: ModelFile) -> None:
    """Raises NameTaken where another file, or a server's model, is called so."""
    files = InstalledModel.objects.filter(name=file.name).exclude(path=kept_path(file.path))
    if files.exists() or RemoteModel.objects.filter(name=file.name).exists():
        raise NameTaken


def _refuse_other_base(checked: CheckedModel) -> None:
    """Parts were tried with the bytes of their base, and hang on its row. Raises HasParts, ModelRefused, NoSuchModel."""
    if checked.base and not InstalledModel.objects.select_for_update().filter(pk=checked.base.pk, sha256=checked.base.sha256).exists():
        raise NoSuchModel
    if checked.base:
        refuse_second(checked.base, checked.role, checked.file.name)
    there = InstalledModel.objects.select_for_update().filter(name=checked.file.name).first()
    if there and there.sha256 != checked.file.sha256:
        refuse_with_parts(there)


def refuse_second(base: InstalledModel, role: str, name: str) -> None:
    """Raises ModelRefused where `base` has a projector or a drafter of another name already; it may have many adapters."""
    there = base.parts.filter(role=role).exclude(name=name).first()
    if there and role in (Role.PROJECTOR, Role.DRAFTER):
        raise ModelRefused(f"{base.name} has {there.name} already: remove that one first.")


def refuse_with_parts(model: InstalledModel) -> None:
    """Raises HasParts if something hangs on `model`."""
    names = list(model.parts.order_by("name").values_list("name", flat=True))
    if names:
        raise HasParts(model.name, names)


def model_name(wanted: str) -> str:
    """`wanted` as a name. Raises Invalid."""
    name = wanted.strip()
    if not name or len(name) > 100 or not name.isprintable() or name == NO_MODEL:
        raise Invalid(f"A model cannot be named {name[:100]!r}.")
    return name


async def trial(file: ModelFile, *, adapter: ModelFile | None = None, images: tuple[str, ...] = ()) -> None:
    """Load the file as it will be loaded, and have it write a few tokens, changed by `adapter` or about `images`. Raises EngineError."""
    with tempfile.TemporaryDirectory(prefix="gemmaweb-") as sockets:
        hosts = HostKeeper(HostPlan(Path(sockets), slots=1, context_tokens=TRIAL_CONTEXT_TOKENS))
        try:
            request = ChatRequest(question="Hello", max_tokens=TRIAL_TOKENS, images=images)
            pieces = [piece async for piece in hosts.engine(file, adapter=adapter).stream(request)]
        finally:
            await hosts.close()
    if not any(isinstance(piece, (TextPiece, ThinkingPiece)) for piece in pieces):
        raise EngineError("The model was loaded but wrote nothing.")
