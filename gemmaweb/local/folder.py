"""The one folder that holds all an installation keeps: its layout, its secrets, and where its sockets stand."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gemmaweb.local.errors import Refused
from gemmaweb.local.filesystem import is_posix, write_whole

REPOSITORY = Path(__file__).resolve().parents[2]
POSTGRES_MAJOR = 18
# A unix socket's path ends at 104 bytes on macOS and 107 on Linux: this leaves 40 for the names below the folder.
SOCKETS_MAX_BYTES = 64


@dataclass(frozen=True)
class Home:
    """The folder `GEMMAWEB_HOME`. `prepare` makes it, and so does the first use of a secret."""

    path: Path

    @classmethod
    def from_environment(cls) -> Home:
        """The folder that `GEMMAWEB_HOME` names, else `.home` beside manage.py."""
        named = os.environ.get("GEMMAWEB_HOME")
        return cls((Path(named).expanduser() if named else REPOSITORY / ".home").resolve())

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def files(self) -> Path:
        """The originals of uploaded files."""
        return self.path / "files"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What is true only while something runs."""
        return self.path / "run"

    @property
    def address(self) -> Path:
        """The file that holds the web address from ready to stop."""
        return self.path / "address"

    @property
    def postgres_data(self) -> Path:
        """Named by the major version: another major cannot read it and makes its own beside it."""
        return self.path / f"postgres-{POSTGRES_MAJOR}"

    @property
    def valkey_data(self) -> Path:
        return self.path / "valkey"

    @property
    def sockets(self) -> Path:
        """The private folder of the sockets: the one in use, else the one that a start would try first."""
        try:
            return Path((self.run / "sockets").read_text())
        except FileNotFoundError:
            return sockets_base() / f"gemmaweb-{self.digest}"

    @property
    def service_sockets(self) -> Path:
        """The part of `sockets` that belongs to the account PostgreSQL and Valkey run as."""
        return self.sockets / "services"

    @property
    def digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    def database_url(self) -> str:
        """Where the embedded PostgreSQL listens, as libpq writes it."""
        password = self.ensure_secret("postgres")
        return f"postgresql://gemmaweb:{password}@/gemmaweb?host={quote(str(self.service_sockets), safe='')}"

    def redis_url(self) -> str:
        """Where the embedded Valkey listens, as redis-py writes it."""
        return f"unix://:{self.ensure_secret('valkey')}@{quote(str(self.service_sockets))}/valkey.sock?db=0"

    def read_secret(self, name: str) -> str | None:
        """The secret `name`, or None before the first start.

        Raises Refused where the folder is no folder, or not ours to read.
        """
        try:
            return (self.secrets / name).read_text()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def ensure_secret(self, name: str) -> str:
        """The secret `name`, made on the first call; of many that race for it, all get the same.

        Raises Refused as `prepare` does.
        """
        if found := self.read_secret(name):
            return found
        self.prepare()
        handle, draft = tempfile.mkstemp(prefix=f".{name}-", dir=self.secrets)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            with suppress(FileExistsError):  # another was first: theirs counts
                os.link(draft, self.secrets / name)
        finally:
            Path(draft).unlink()
        return (self.secrets / name).read_text()

    def prepare(self) -> None:
        """Make the folders, 0700.

        Raises Refused where they are another account's, or the file system cannot keep permissions.
        """
        try:
            for folder in (self.path, self.secrets, self.files, self.logs, self.run):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        owner = self.secrets.stat().st_uid
        if owner != os.geteuid():
            raise Refused(f"The folder {self.path} belongs to another account (user id {owner}): start Gemmaweb as that one.")
        if not is_posix(self.run):
            raise Refused(
                f"The folder {self.path} is on a file system without permissions or links (FAT, exFAT, NTFS?): "
                "set GEMMAWEB_HOME to one on ext4, xfs, btrfs, APFS or the like."
            )

    def _unusable(self, error: OSError) -> Refused:
        return Refused(f"The folder {self.path} cannot be used: {error.strerror}. Set GEMMAWEB_HOME to one that you may write.")

    def open_sockets(self) -> None:
        """Make an empty private folder for the sockets and note its name in `run`."""
        self.close_sockets()
        folder = self.sockets
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            if is_private(folder):
                shutil.rmtree(folder)
                folder.mkdir(mode=0o700)
            else:  # somebody else's: the name is known to all, so it may have been planted
                folder = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
        write_whole(self.run / "sockets", str(folder))

    def close_sockets(self) -> None:
        """Remove the folder of the sockets, if a start has made one."""
        note = self.run / "sockets"
        if note.exists():
            if is_private(self.sockets):
                shutil.rmtree(self.sockets)
            note.unlink()


def sockets_base() -> Path:
    """A folder for sockets: on this machine's own file system, and short enough for their paths."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    for base in (runtime, Path(tempfile.gettempdir())):
        # After a change of user the variable still names the folder of the one before.
        usable = base.is_dir() and (base != runtime or is_private(base))
        if usable and len(os.fsencode(base)) + len("/gemmaweb-") + 12 <= SOCKETS_MAX_BYTES:
            return base
    return Path("/tmp")  # noqa: S108 - `open_sockets` takes no folder there that it did not make


def is_private(folder: Path) -> bool:
    """Whether `folder` is a real folder of ours that nobody else may enter."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return folder.is_dir() and not folder.is_symlink() and found.st_uid == os.geteuid() and not found.st_mode & 0o077
