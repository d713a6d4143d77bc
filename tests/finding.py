"""Real embedders and rerankers in use, and the desk that asks them, for tests of whoever needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from apps.core import loop
from apps.documents import meaning
from apps.inference.desk import desk
from apps.inference.engines.gguf_header import read_header
from apps.inference.fit_rows import ModelFit
from apps.inference.model_file import read_model_file
from apps.inference.models import InstalledModel
from tests.finder_writer import FinderShape, write_finder

Install = Callable[..., InstalledModel]
Role = InstalledModel.Role


def install_finder(folder: Path, shape: FinderShape | None = None, *, is_active: bool = True) -> InstalledModel:
    """A finder with a file of its own, checked and in use."""
    shape = shape or FinderShape()
    path = write_finder(folder / f"{shape.name}.gguf", shape)
    file, header = read_model_file(path, shape.name), read_header(path, chats=False)
    facts = {"path": str(path), "sha256": file.sha256, "size_bytes": file.size_bytes, "modified_ns": file.modified_ns}
    about = {"architecture": header.architecture, "quantisation": header.quantisation, "context_length": header.context_length}
    role = Role.RERANK if shape.ranks else Role.EMBED
    model, _ = InstalledModel.objects.update_or_create(name=shape.name, defaults={"role": role, "is_active": is_active, **facts, **about})
    ModelFit.objects.update_or_create(model=model, defaults={"shape": asdict(header.shape) if header.shape else None})
    return model


@contextmanager
def opened_desk() -> Iterator[None]:
    """A worker listens to requests meanwhile."""
    meaning._resting.clear()
    loop.call(lambda: desk().open())
    try:
        yield
    finally:
        loop.run(desk().close())
        meaning._resting.clear()
