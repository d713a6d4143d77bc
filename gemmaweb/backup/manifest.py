"""What a backup says about itself: its last word, by which every other is checked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from gemmaweb.local.errors import Refused

FORMAT = 1


@dataclass(frozen=True)
class Member:
    """A file of the backup: its length and SHA-256."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Table:
    """A table as PostgreSQL's COPY has written it: `sha256` is of all its rows, uncompressed, in their order."""

    columns: list[str]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Who took what, when; `migrations` say which shape the tables have. A backup without files is one of the database alone."""

    id: str
    version: str
    taken_at: str
    migrations: list[tuple[str, str]]
    tables: dict[str, Table]
    members: dict[str, Member]
    has_files: bool
    files_missing: list[str] = field(default_factory=list)
    format: int = FORMAT

    def as_json(self) -> bytes:
        """The text that stands in the backup."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """What `as_json` has written. Raises Refused."""
        try:
            said: dict[str, Any] = json.loads(text)
            if said["format"] != FORMAT:
                raise Refused(
                    f"The backup is of format {said['format']}, and this version reads format {FORMAT}: use the version that took it."
                )
            tables = {name: Table(**table) for name, table in said.pop("tables").items()}
            members = {name: Member(**member) for name, member in said.pop("members").items()}
            migrations = [(app, name) for app, name in said.pop("migrations")]
            return cls(**said, tables=tables, members=members, migrations=migrations)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(f"The backup does not say what is in it ({error!r}): it is damaged.") from error
