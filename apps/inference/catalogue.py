"""The models that an administrator can get: which file of which commit, how long, what it is good for. The list is a file of its own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

SHIPPED = Path(__file__).with_name("catalogue.toml")
MAX_BYTES = 50 * 10**9  # the hub serves no longer file by plain HTTP
FORMS = {
    "key": re.compile(r"[a-z0-9][a-z0-9.-]{0,79}"),  # the file on our disk is called by it
    "repository": re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"),
    "file": re.compile(r"(?:[A-Za-z0-9][\w.-]*/)*[A-Za-z0-9][\w.-]*\.gguf"),
    "revision": re.compile(r"[0-9a-f]{40}"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
}
GOOD_FOR = {
    "gemma-4-e2b": _("The smallest: quick answers on a laptop or a mini PC with 8 GB of memory."),
    "gemma-4-e4b": _("The one to begin with: good answers in many languages on a machine with 16 GB and no graphics card."),
    "gemma-4-12b": _("Careful answers and long documents; wants a graphics card with 12 GB, or patience."),
    "gemma-4-26b-a4b": _("The best answers that a processor alone still writes at reading speed; wants 32 GB of memory."),
    "gemma-4-31b": _("The strongest of the family; wants a graphics card with 24 GB."),
    "gemma-4-e2b-unsloth": _("The smallest, packed by Unsloth: a fifth less to download than Google's own file."),
    "gemma-4-e4b-unsloth": _("The one to begin with, packed by Unsloth: a fifth less to download than Google's own file."),
    "gemma-4-12b-unsloth": _("Careful answers and long documents, packed by Unsloth: a little smaller than Google's own file."),
    "gemma-4-26b-a4b-unsloth": _("Very good answers without a graphics card, packed by Unsloth: a little smaller than Google's own file."),
    "gemma-4-31b-unsloth": _("The strongest of the family, packed by Unsloth: a little smaller than Google's own file."),
    "embeddinggemma-300m": _("Finds passages by meaning in more than 100 languages; small and quick."),
    "embeddinggemma-300m-qat": _("Finds passages by meaning in more than 100 languages; trained to be packed small."),
    "embeddinggemma-2": _("Finds longer passages by meaning, in many languages and in program code; the newest of Google's."),
    "qwen3-embedding-0.6b": _("Finds passages by meaning in many languages; larger and slower than EmbeddingGemma."),
    "bge-m3": _("Finds long passages by meaning in more than 100 languages; larger than EmbeddingGemma."),
    "all-minilm-l6-v2": _("Finds English passages by meaning on the smallest of machines."),
    "bge-reranker-v2-m3": _("Puts the best of the found passages first, in many languages."),
    "qwen3-reranker-0.6b": _("Puts the best of the found passages first, in many languages and in program code."),
}


class Role(StrEnum):
    """What a file is for; projectors and drafters belong to another file and are nothing without it."""

    CHAT = "chat"
    EMBED = "embed"
    RERANK = "rerank"
    PROJECTOR = "projector"
    DRAFTER = "drafter"


ALONE = (Role.CHAT, Role.EMBED, Role.RERANK)
OF_PARTS = {
    Role.PROJECTOR: _("With it the model sees the images that come with a question."),
    Role.DRAFTER: _("It guesses the model's next words, and the model checks them: on some machines that is quicker."),
}
OFFERED = (*ALONE, Role.PROJECTOR, Role.DRAFTER)


@dataclass(frozen=True, slots=True)
class Memory:
    """What a KV cache's size follows from: layers that own keys and values, their heads, and how far the sliding ones see (tokens)."""

    global_layers: int
    sliding_layers: int
    global_kv_heads: int
    sliding_kv_heads: int
    window: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that can be had; `name` is what the installation calls the model, `key` is for commands and addresses.

    Of an embedder: what its vectors may be `shorter`ed to (Matryoshka), and what it wants written around a question and a passage, with
    {text} and {title} in it; `family` is the architecture that a GGUF header names, for files of one's own.
    """

    key: str
    name: str
    role: Role
    repository: str
    revision: str
    file: str
    size_bytes: int
    sha256: str
    licence: str
    modalities: tuple[str, ...]
    context_length: int = 0
    of: str = ""
    memory: Memory | None = None
    dimensions: int = 0
    pooling: str = ""
    shorter: tuple[int, ...] = ()
    family: str = ""
    query: str = ""
    document: str = ""

    def __post_init__(self) -> None:
        for field, form in FORMS.items():
            if not form.fullmatch(str(getattr(self, field))):
                raise ValueError(f"{self.key}: {field} is {getattr(self, field)!r}")
        if not 0 < self.size_bytes <= MAX_BYTES:
            raise ValueError(f"{self.key}: size_bytes is {self.size_bytes}")
        if bool(self.of) == (self.role in ALONE):
            raise ValueError(f"{self.key}: a {self.role} and the model that it belongs to")

    @property
    def path(self) -> str:
        """Where the file lies below a hub's address."""
        return f"/{self.repository}/resolve/{self.revision}/{self.file}"

    @property
    def good_for(self) -> str:
        """One sentence for a person, in the language of now; empty where the installation has a catalogue of its own."""
        if self.role in OF_PARTS:
            return str(OF_PARTS[self.role])
        return str(GOOD_FOR.get(self.key, ""))


def catalogue() -> Mapping[str, Entry]:
    """Every entry by its key, in the order of the file. Raises ImproperlyConfigured."""
    return read_catalogue(Path(settings.CATALOGUE or SHIPPED))


@cache
def read_catalogue(path: Path) -> Mapping[str, Entry]:
    """The entries of the file at `path`. Raises ImproperlyConfigured with the reason where it is no catalogue."""
    try:
        rows = tomllib.loads(path.read_text())["model"]
        entries = {row["key"]: _entry(row) for row in rows}
        _refuse_what_stands_twice(rows)
        if stray := [entry.key for entry in entries.values() if entry.of and entry.of not in entries]:
            raise ValueError(f"{stray[0]} belongs to a model that is not there")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"The catalogue of models {path} cannot be used: {error}.") from error
    return MappingProxyType(entries)


def find_entry(name: str) -> Entry | None:
    """The file of this key or name that can be had: a model, or the projector of one."""
    return next((entry for entry in catalogue().values() if entry.role in OFFERED and name in (entry.key, entry.name)), None)


def offered(here: Collection[str]) -> list[Entry]:
    """What can be had beside the files `here` (keys): models, and the projectors of those that are here."""
    wanted = (entry for entry in catalogue().values() if entry.role in OFFERED and entry.key not in here)
    return [entry for entry in wanted if not entry.of or (entry.of in here and catalogue()[entry.of].role is Role.CHAT)]


def _entry(row: dict[str, Any]) -> Entry:
    memory = Memory(**row["memory"]) if "memory" in row else None
    lists = {name: tuple(row.get(name, ())) for name in ("modalities", "shorter")}
    return Entry(**{**row, "role": Role(row["role"]), **lists, "memory": memory})


def _refuse_what_stands_twice(rows: list[dict[str, Any]]) -> None:
    for field in ("key", "name", "sha256"):
        values = [row[field] for row in rows]
        if twice := {value for value in values if values.count(value) > 1}:
            raise ValueError(f"{field} {min(twice)!r} stands in it twice")
