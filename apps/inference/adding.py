"""Add a file of one's own: a model, or what belongs to one that is here: an adapter that changes it, a projector that sees for it,
a drafter that guesses its next words.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import services
from .catalogue import Entry
from .engines import adapter, drafter, projector
from .engines.base import EngineError
from .engines.gguf_header import BadModelFile, GgufContents, GgufHeader, read_contents
from .engines.local import BY_LLAMA
from .model_file import ModelFile, read_model_file
from .models import InstalledModel
from .services import CheckedModel, ModelRefused

Role = InstalledModel.Role
REFUSALS = {Role.PROJECTOR: projector.refuse_misfit, Role.DRAFTER: drafter.refuse_misfit, Role.CHAT: adapter.refuse_misfit}
# A grey JPEG of 8 x 8 pixels.
DOT = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/wAALCAAIAAgB"
    "AREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z"
)


def add_file(
    *, path: Path, name: str = "", role: str = Role.CHAT, engine: str = "", family: str = "", base: str = "", added_by: Any = None
) -> InstalledModel:
    """Check the file, try it, and offer it; a part with the model called `base`, or the only one that it can belong to.

    `role` is what a file that is no part is for.

    Raises ModelRefused, NameTaken, NoSuchModel.
    """
    path = path.absolute()
    try:
        part_role, contents = _read_part(path)
    except BadModelFile as error:
        raise ModelRefused(str(error)) from error
    if contents is None:
        if base:
            raise ModelRefused("This file is no part of another model, so it has no base: leave --base out.")
        return services.add_model(path=path, name=name, role=role, engine=engine, family=family, added_by=added_by)
    owner = _find_base(contents, base)
    return services.store_model(check_part(path, contents, role=part_role, name=name, base=owner), added_by=added_by)


def check_part(path: Path, contents: GgufContents, *, role: Role, base: InstalledModel, name: str = "", sha256: str = "") -> CheckedModel:
    """What is known of a part after a trial with its base. Raises ModelRefused, NameTaken."""
    try:
        whole = read_contents(base.place)
        REFUSALS[role](contents, whole, base.name)
        usual = {Role.PROJECTOR: f"{base.name} (images)", Role.DRAFTER: f"{base.name} (drafter)"}.get(role, path.stem)
        name = services.model_name(name or usual)
        services.refuse_second(base, role, name)
        file = read_model_file(path, name, sha256=sha256)
        services.refuse_taken_name(file)
        asyncio.run(_trial(base.file, file, role))
    except (BadModelFile, EngineError) as error:
        raise ModelRefused(str(error)) from error
    except OSError as error:
        raise ModelRefused(f"The file cannot be read: {error.strerror}.") from error
    header = GgufHeader(
        version=contents.version,
        architecture=contents.text("general.architecture"),
        name=contents.text("general.name"),
        context_length=base.context_length,
        quantisation=contents.quantisation,
        tensor_count=len(contents.tensors),
        size_bytes=contents.size_bytes,
        control_tokens=frozenset(),
    )
    return CheckedModel(file, header, role, base)


def check_fetched(path: Path, entry: Entry) -> CheckedModel:
    """What is known of a file of the catalogue after a trial. Raises ModelRefused, NameTaken, NoSuchModel."""
    if not entry.of:
        return services.check_model(path=path, name=entry.name, role=entry.role.value, sha256=entry.sha256, pooling=entry.pooling)
    base = InstalledModel.objects.filter(catalogue_key=entry.of).with_parts().first()
    if base is None:  # it was removed meanwhile
        raise services.NoSuchModel
    try:
        contents = read_contents(path)
    except BadModelFile as error:
        raise ModelRefused(str(error)) from error
    return check_part(path, contents, role=Role(entry.role.value), base=base, name=entry.name, sha256=entry.sha256)


def _read_part(path: Path) -> tuple[Role, GgufContents | None]:
    """What the file is for, and what it says; None for a model of its own, and for a file that cannot be read: why is said where those are.

    Raises BadModelFile for an adapter of another kind.
    """
    try:
        contents = read_contents(path)
    except BadModelFile:
        return Role.CHAT, None
    if projector.is_projector(contents):
        return Role.PROJECTOR, contents
    if drafter.is_drafter(contents):
        return Role.DRAFTER, contents
    if adapter.is_adapter(contents):
        adapter.refuse_other_kinds(contents)
        return Role.CHAT, contents
    return Role.CHAT, None


def _find_base(part: GgufContents, name: str) -> InstalledModel:
    """The installed model that the part belongs to. A projector does not say of which architecture that is.

    Raises NoSuchModel, ModelRefused.
    """
    architecture = "" if projector.is_projector(part) else drafter.drafts_for(part)
    chatting = InstalledModel.objects.filter(role=Role.CHAT, engine=BY_LLAMA, base=None)
    if name:
        found = chatting.called(name).with_parts().first()
        if found is None:
            raise services.NoSuchModel
        if architecture not in ("", found.architecture):
            raise ModelRefused(f"This is for a model of the architecture {architecture}; {found.name} is {found.architecture}.")
        return found
    word = "a drafter" if drafter.is_drafter(part) else "an adapter"
    kind = f"{word} for a model of the architecture {architecture}" if architecture else "the part of a model that sees images"
    candidates = list((chatting.filter(architecture=architecture) if architecture else chatting).with_parts().order_by("name"))
    if not candidates:
        raise ModelRefused(f"This is {kind}, and none is here: add that model first.")
    if len(candidates) > 1:
        names = ", ".join(model.name for model in candidates)
        raise ModelRefused(f"This is {kind}. Say by --base which model it belongs to: {names}.")
    return candidates[0]


async def _trial(base: ModelFile, part: ModelFile, role: Role) -> None:
    """Have the base answer with its part: changed by it, about an image, or by its guesses. Raises EngineError."""
    if role == Role.PROJECTOR:
        await services.trial(replace(base, projector=part), images=(DOT,))
    elif role == Role.DRAFTER:
        await services.trial(replace(base, drafter=part))
    else:
        await services.trial(replace(base, adapters=(part,)), adapter=part)
