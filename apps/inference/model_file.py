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
    `adapters` are loaded with it, each for the answers that ask for it, the `projector` that sees images for it, and the `drafter` that
    guesses its next words.
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
    adapters: tuple[ModelFile, ...] = ()
    projector: ModelFile | None = None
    drafter: ModelFile | None = None

    @property
    def parts(self) -> tuple[ModelFile, ...]:
        """The files that are loaded with it, and are nothing without it."""
        return (*self.adapters, *filter(None, (self.projector, self.drafter)))

    @property
    def loaded_bytes(self) -> int:
        """The size of all that is loaded."""
        return self.size_bytes + sum(part.size_bytes for part in self.parts)


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


def changed_parts(file: ModelFile) -> dict[ModelFile, str]:
    """The parts of `file` that must not be loaded, each with the reason. Raises ModelFileChanged if it is the file itself."""
    refuse_if_changed(file)
    changed: dict[ModelFile, str] = {}
    for part in file.parts:
        try:
            refuse_if_changed(part)
        except ModelFileChanged as error:
            changed[part] = str(error)
    return changed
