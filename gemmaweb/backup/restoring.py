"""Bring an installation back from a backup, or only see whether that would work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from gemmaweb.backup.archive import verify
from gemmaweb.backup.loading import refuse_newer
from gemmaweb.backup.manifest import Manifest
from gemmaweb.backup.taking import BEFORE_RESTORE, SECRETS, SECRETS_FORMAT, Say, in_mb, keep
from gemmaweb.local import swap
from gemmaweb.local.database import is_used, started
from gemmaweb.local.errors import Refused
from gemmaweb.local.folder import POSTGRES_MAJOR, Home
from gemmaweb.local.lock import HomeLock
from gemmaweb.local.plan import manage

# Counted in the last line, in words that people know.
TOLD = {
    "accounts_user": "people", "workspaces_workspace": "workspaces", "chat_conversation": "conversations", "chat_message": "messages",
    "chat_citation": "citations", "documents_document": "documents", "documents_chunk": "passages",
}  # fmt: skip


def restore(home: Home, path: Path, *, secrets: Path | None, replace: bool, say: Say) -> Manifest:
    """Make `home` what the backup says, and return what that is. Nothing of what was there is touched before all of it is loaded.

    Raises Refused: a backup that is damaged, or newer than this version; secrets of another one; data that are there, without `replace`.
    """
    manifest = verify(path)
    refuse_newer(manifest)
    kept = read_secrets(secrets, manifest) if secrets else {}
    home.prepare()
    lock = HomeLock(home)
    lock.acquire()
    try:
        swap.finish(home)
        outside = os.environ.get("DATABASE_URL", "")
        if (home.postgres_data.exists() or (outside and is_used(outside))) and not replace:
            raise Refused("There are data here already: --replace sets them aside, or set GEMMAWEB_HOME to a new folder.")
        refuse_small_disk(home.path, manifest)
        _Restoring(home, path, manifest, kept, say).run(outside)
    finally:
        lock.release()
    return manifest


def try_out(home: Home, path: Path, manifest: Manifest, *, say: Say) -> None:
    """Restore the backup into a folder of its own, compare every row and every file, and throw it away. Raises Refused."""
    refuse_newer(manifest)
    refuse_small_disk(home.path, manifest)
    folder = Path(tempfile.mkdtemp(prefix="verifying-", dir=home.path))
    try:
        scratch = Home(folder / "home")
        say("Restoring it into a scratch folder")
        with started(scratch):
            _load(scratch, path, scratch.database_url(), "--compare")
    finally:
        shutil.rmtree(folder)


def told(manifest: Manifest) -> str:
    """What is in it, for people."""
    counted = [f"{manifest.tables[name].rows:,} {word}" for name, word in TOLD.items() if name in manifest.tables]
    files = sum(name.startswith("files/") for name in manifest.members)
    missing = f" ({len(manifest.files_missing)} missing or changed)" if manifest.files_missing else ""
    return ", ".join([*counted, f"{files:,} files{missing}" if manifest.has_files else "no files: of the database alone"])


def read_secrets(path: Path, manifest: Manifest) -> dict[str, str]:
    """The secrets that belong to the backup. Raises Refused."""
    try:
        said = json.loads(path.read_text())
        is_readable = said["format"] == SECRETS_FORMAT
        found = {name: str(value) for name, value in said["secrets"].items() if name in SECRETS}
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path} holds no secrets of a backup.") from error
    if not is_readable or said.get("backup") != manifest.id:
        raise Refused(f"{path} belongs to another backup: name the one that was written with this one, or none.")
    return found


def refuse_small_disk(folder: Path, manifest: Manifest) -> None:
    """Refuse where it could not be finished: rows take some eight times their compressed size, with their indexes."""
    sizes = {name: member.size_bytes for name, member in manifest.members.items()}
    needed = sum(size if name.startswith("files/") else 8 * size for name, size in sizes.items()) + 64 * 2**20
    if (free := shutil.disk_usage(folder).free) < needed:
        raise Refused(f"Restoring may need {in_mb(needed)}, and {folder} has {in_mb(free)} left: free some, or set GEMMAWEB_HOME.")


class _Restoring:
    """One restore, once nothing speaks against it."""

    def __init__(self, home: Home, path: Path, manifest: Manifest, kept: dict[str, str], say: Say) -> None:
        self.home, self.path, self.manifest, self.kept, self.say = home, path, manifest, kept, say
        self.scratch = swap.scratch_of(home)
        self.aside = f"replaced-{datetime.now(UTC):%Y%m%d-%H%M%S}"

    def run(self, outside: str) -> None:
        """Load into the scratch home, or into the database `outside`; then let it take its place."""
        shutil.rmtree(self.scratch.path, ignore_errors=True)
        self.scratch.prepare()
        had_data = self.home.postgres_data.exists() or any(self.home.files.iterdir())
        self.say("Loading")
        if outside:
            self._keep_outside(outside)
            _load(self.scratch, self.path, outside)
        else:
            with started(self.scratch):
                _load(self.scratch, self.path, self.scratch.database_url())
        for name, value in self.kept.items():
            (self.scratch.secrets / name).write_text(value)
            (self.scratch.secrets / name).chmod(0o600)
        swap.begin(self.home, self._parts(outside), self.aside)
        swap.finish(self.home)
        self._tell_aside(had_data=had_data)

    def _parts(self, outside: str) -> list[str]:
        """What changes places: with the embedded PostgreSQL its folder and passwords too, and what Valkey knew of the old runs."""
        parts = [f"secrets/{name}" for name in self.kept]
        if self.manifest.has_files:
            parts.append("files")
        if not outside:
            self.scratch.valkey_data.mkdir(mode=0o700)
            parts += [f"postgres-{POSTGRES_MAJOR}", "secrets/postgres", "secrets/postgres_superuser", "valkey"]
        return parts

    def _keep_outside(self, outside: str) -> None:
        """A database that is not ours to set aside is kept as a backup of its own."""
        if is_used(outside):
            self.say(f"What was in the database is kept in {keep(self.home, BEFORE_RESTORE, newest=3)}")

    def _tell_aside(self, *, had_data: bool) -> None:
        folder = self.home.path / self.aside
        if had_data and folder.exists():
            self.say(f"What was there before stands in {folder}: remove it when you are content")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _load(scratch: Home, path: Path, url: str, *options: str) -> None:
    """In a process of its own, whose settings are those of the new home. Raises Refused with its last words."""
    environment = {**os.environ, "GEMMAWEB_HOME": str(scratch.path), "DATABASE_URL": url}
    command = manage("load_backup", str(path), *options)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"exit status {done.returncode}")
        raise Refused(f"The backup could not be loaded, and nothing was changed: {last}")
