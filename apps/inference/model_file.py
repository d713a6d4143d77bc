"""The file of an installed model: where it is, and what it was when it was checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .engines.base import EngineUnavailable
from .engines.local import BY_LLAMA, CHAT


class ModelFileChanged(EngineUnavailable):
    """The file is not the one that was checked: it is not loaded until it is added again."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A checked file; `name` is what the installation calls the model, `engine` what runs it, `family` what an old file does not say.

    `role` is what it is loaded for: chat, embed or rerank; `pooling` how an embedder makes one vector of many, where its file is not asked.
    """

    name: str
    path: Path
    sha256: str
    size_bytes: int
    modified_ns: int
    engine: str = BY_LLAMA
    family: str = ""
    role: str = CHAT
    pooling: str = ""


def read_model_file(path: Path, name: str, *, sha256: str = "") -> ModelFile:
    """What the file at `path` is now; reads all of it, unless its `sha256` was taken just now. Raises OSError."""
    known = path.stat()
    if not sha256:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelFile(name, path, sha256, known.st_size, known.st_mtime_ns)


def refuse_if_changed(file: ModelFile) -> None:
    """Raises ModelFileChanged if the file is gone or another one. Its bytes are read again only where its time or size differ."""
    try:
        known = file.path.stat()
        if (known.st_size, known.st_mtime_ns) == (file.size_bytes, file.modified_ns):
            return
        now = read_model_file(file.path, file.name)
    except OSError as error:
        raise ModelFileChanged(f"The file {file.path} cannot be read: {error.strerror}.") from error
    if now.sha256 != file.sha256:
        raise ModelFileChanged(f"The file {file.path} has changed since it was added; add it again if that was meant.")
