"""Take a backup of an installation, running or not."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from gemmaweb.backup.archive import Writer
from gemmaweb.backup.manifest import Manifest, Table
from gemmaweb.backup.snapshot import Original, Snapshot, open_snapshot
from gemmaweb.local.database import open_database
from gemmaweb.local.errors import Refused
from gemmaweb.local.filesystem import write_whole
from gemmaweb.local.folder import REPOSITORY, Home

PART_BYTES = 16 * 2**20
QUICKLY = 3  # gzip's level: 6 takes three times as long for a tenth less
SECRETS = ("secret_key",)  # those of the embedded servers belong to this home, and another makes its own
SECRETS_FORMAT = 1
BEFORE_UPDATE, BEFORE_RESTORE = "before-update", "before-restore"  # what copies in the home's own folder are called
Say = Callable[[str], None]


def take(home: Home, target: Path, *, with_files: bool = True, with_secrets: bool = True, say: Say) -> Manifest:
    """Write a backup to `target`, its secrets beside it, and return what is in it. There is either the whole file or none.

    Raises Refused.
    """
    beside = secrets_file(target)
    for path in (target, beside) if with_secrets else (target,):
        if path.exists():
            raise Refused(f"{path} is there already, and no backup is written over another: choose another name.")
    with open_database(home) as url, open_snapshot(url) as snapshot:
        taken = _Taking(home, snapshot, say)
        taken.refuse_small_disk(target.parent, with_files=with_files)
        with _draft(target) as file:
            manifest = taken.write(file, with_files=with_files)
    if with_secrets:
        write_whole(beside, json.dumps({"format": SECRETS_FORMAT, "backup": manifest.id, "secrets": secrets_of(home)}))
    return manifest


def keep(home: Home, why: str, *, newest: int) -> Path:
    """A copy of the database alone in the home's own folder, and where it is; of the same `why` the `newest` ones stay. Raises Refused."""
    folder = home.path / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{why}-{datetime.now(UTC):%Y%m%d-%H%M%S}.gemmaweb"
    take(home, target, with_files=False, with_secrets=False, say=lambda line: None)
    for old in kept(home, why)[:-newest]:
        old.unlink()
    return target


def kept(home: Home, why: str) -> list[Path]:
    """What `keep` has left, the oldest first."""
    return sorted((home.path / "backups").glob(f"{why}-*.gemmaweb"))


def secrets_file(target: Path) -> Path:
    """Where the secrets of the backup `target` stand."""
    return target.with_name(f"{target.name}.secrets")


def secrets_of(home: Home) -> dict[str, str]:
    """What a restored installation cannot make anew."""
    return {name: value for name in SECRETS if (value := home.read_secret(name))}


def version() -> str:
    """Which Gemmaweb this is."""
    project: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return project["version"]


class _Taking:
    """One backup while it is written."""

    def __init__(self, home: Home, snapshot: Snapshot, say: Say) -> None:
        self.home, self.snapshot, self.say = home, snapshot, say
        self.migrations = snapshot.migrations()
        self.originals = snapshot.originals()

    def refuse_small_disk(self, folder: Path, *, with_files: bool) -> None:
        """Refuse where it could not be finished, before anything is written; the tables become smaller, nobody knows by how much."""
        needed = self.snapshot.size_bytes + (sum(one.size_bytes for one in self.originals) if with_files else 0)
        try:
            free = shutil.disk_usage(folder).free
        except OSError as error:
            raise Refused(f"{folder} cannot be used: {error.strerror}.") from error
        if free < needed:
            raise Refused(f"A backup may need {in_mb(needed)}, and {folder} has {in_mb(free)} left: free some, or choose another disk.")

    def write(self, file: IO[bytes], *, with_files: bool) -> Manifest:
        """The backup, to its end."""
        archive = Writer(file)
        tables = {name: self._table(archive, name) for name in self.snapshot.columns}
        missing = list(self._files(archive)) if with_files else []
        manifest = Manifest(
            id=str(uuid4()), version=version(), taken_at=datetime.now(UTC).isoformat(timespec="seconds"), migrations=self.migrations,
            tables=tables, members=dict(archive.members), has_files=with_files, files_missing=missing,
        )  # fmt: skip
        archive.close(manifest)
        return manifest

    def _table(self, archive: Writer, name: str) -> Table:
        digest, rows = hashlib.sha256(), 0
        for number, part in enumerate(in_parts(self.snapshot.rows(name))):
            digest.update(part)
            rows += part.count(b"\n")  # one ends each row; those inside a value are written as two signs
            archive.add(f"database/{name}/{number:06}.gz", gzip.compress(part, QUICKLY, mtime=0))
        self.say(f"{name}: {rows} rows")
        return Table(self.snapshot.columns[name], rows, digest.hexdigest())

    def _files(self, archive: Writer) -> Iterator[str]:
        """Add the originals, and yield the keys of those that are not there, or not what was uploaded.

        They never change once they are written, so what the rows of the snapshot name is what there was at its moment; only a document
        whose time for undo ended since then may have gone.
        """
        done = 0
        for number, one in enumerate(self.originals, start=1):
            if not self._file(archive, one):
                yield one.key
            done += one.size_bytes
            if number % 500 == 0 or number == len(self.originals):
                self.say(f"files: {number} of {len(self.originals)}, {in_mb(done)}")

    def _file(self, archive: Writer, one: Original) -> bool:
        try:
            file = (self.home.files / one.key).open("rb")
        except OSError as error:
            self.say(f"files: {one.key} is missing ({error.strerror})")
            return False
        with file:
            written = archive.add_file(f"files/{one.key}", file, os.fstat(file.fileno()).st_size)
        if written.sha256 != one.sha256:
            self.say(f"files: {one.key} is not what was uploaded; it was kept as it is")
        return written.sha256 == one.sha256


def in_parts(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of at least PART_BYTES, but for the last one; none for none."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        if len(waiting) >= PART_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def in_mb(size_bytes: int) -> str:
    """A size for people."""
    return f"{size_bytes / 2**20:,.1f} MB"


@contextmanager
def _draft(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes the name `target` when all of it is on disk, and is gone where that does not come to pass."""
    draft = target.with_name(f".{target.name}.partial")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(f"{draft.parent} cannot be written: {error.strerror}.") from error
    with os.fdopen(handle, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"Another backup is being written to {target}.") from None
        file.truncate()  # what a killed one has left
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            draft.rename(target)
        except OSError as error:
            raise Refused(f"The backup could not be written: {error.strerror or error}. There is none at {target}.") from error
        finally:
            draft.unlink(missing_ok=True)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """See that new names in `folder` outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
