"""Add a file of one's own: a model, or an adapter with the installed model that it changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import services
from .engines.adapter import read_adapter, refuse_misfit
from .engines.base import EngineError
from .engines.gguf_header import BadModelFile, GgufContents, GgufHeader, read_contents
from .engines.local import BY_LLAMA
from .model_file import read_model_file
from .models import InstalledModel
from .services import CheckedModel, ModelRefused


def add_file(*, path: Path, name: str = "", engine: str = "", family: str = "", base: str = "", added_by: Any = None) -> InstalledModel:
    """Check the file, try it, and offer it; an adapter with the model called `base`, or the only one of its architecture.

    Raises ModelRefused, NameTaken, NoSuchModel.
    """
    path = path.absolute()
    try:
        adapter = read_adapter(path)
    except BadModelFile as error:
        raise ModelRefused(str(error)) from error
    if adapter is None:
        if base:
            raise ModelRefused("This file is no adapter, so it has no base: leave --base out.")
        return services.add_model(path=path, name=name, engine=engine, family=family, added_by=added_by)
    return services.store_model(_check_adapter(path, adapter, name=name, base=_find_base(adapter, base)), added_by=added_by)


def _find_base(adapter: GgufContents, name: str) -> InstalledModel:
    """The installed model that the adapter is for. Raises NoSuchModel, ModelRefused."""
    architecture = adapter.text("general.architecture")
    chatting = InstalledModel.objects.filter(role=services.Role.CHAT, engine=BY_LLAMA, base=None)
    if name:
        found = chatting.called(name).with_parts().first()
        if found is None:
            raise services.NoSuchModel
        if found.architecture != architecture:
            raise ModelRefused(f"This adapter is for a model of the architecture {architecture}; {found.name} is {found.architecture}.")
        return found
    candidates = list(chatting.filter(architecture=architecture).with_parts().order_by("name"))
    if not candidates:
        raise ModelRefused(f"This is an adapter for a model of the architecture {architecture}, and none is here: add that model first.")
    if len(candidates) > 1:
        names = ", ".join(model.name for model in candidates)
        raise ModelRefused(f"This is an adapter. Say by --base which model it changes: {names}.")
    return candidates[0]


def _check_adapter(path: Path, adapter: GgufContents, *, name: str, base: InstalledModel) -> CheckedModel:
    """What is known of the adapter after a trial on its base. Raises ModelRefused, NameTaken."""
    try:
        refuse_misfit(adapter, read_contents(base.place), base.name)
        file = read_model_file(path, services.model_name(name or path.stem))
        services.refuse_taken_name(file)
        asyncio.run(services.trial(replace(base.file, adapters=(file,)), file))
    except (BadModelFile, EngineError) as error:
        raise ModelRefused(str(error)) from error
    except OSError as error:
        raise ModelRefused(f"The file cannot be read: {error.strerror}.") from error
    header = GgufHeader(
        version=adapter.version,
        architecture=base.architecture,
        name=adapter.text("general.name"),
        context_length=base.context_length,
        quantisation=adapter.quantisation,
        tensor_count=len(adapter.tensors),
        size_bytes=adapter.size_bytes,
        control_tokens=frozenset(),
    )
    return CheckedModel(file, header, services.Role.CHAT, base)
