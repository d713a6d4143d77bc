"""The file of a backup: a tar that is written once, from its front to its end, and believed only when every byte of it fits.

gemmaweb-backup                  what it is
database/<table>/<number>.gz     the rows, as PostgreSQL's COPY writes them as text, in parts
files/<workspace>/<document>/<version>   the originals
manifest.json                    lengths and checksums of all these
manifest.sha256                  the checksum of that
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gemmaweb.backup.manifest import Manifest, Member
from gemmaweb.local.errors import Refused

MARK, MARK_TEXT = "gemmaweb-backup", b"A backup of Gemmaweb, format 1. See manifest.json at its end.\n"
MANIFEST, MANIFEST_SHA256 = "manifest.json", "manifest.sha256"
MANIFEST_MAX_BYTES = 2**30
BLOCK_BYTES = 2**20
ROWS = re.compile(r"database/([a-z_][a-z0-9_]{0,62})/[0-9]{6}\.gz")
ORIGINAL = re.compile(r"files/([0-9a-f-]{36}/[0-9a-f-]{36}/[0-9a-f-]{36})")


class Writer:
    """Puts a backup together; it is whole after `close`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, bufsize=BLOCK_BYTES)  # noqa: SIM115 - closed by `close`
        self.members: dict[str, Member] = {}
        self.add(MARK, MARK_TEXT)

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        self.add_file(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, file: IO[bytes], size_bytes: int) -> Member:
        """Add `size_bytes` of `file` as a member, and return what was written. Raises OSError where it is shorter."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size_bytes, 0o600
        hashed = _Hashed(file)
        self._tar.addfile(entry, hashed)
        self.members[name] = Member(size_bytes, hashed.digest.hexdigest())
        return self.members[name]

    def close(self, manifest: Manifest) -> None:
        """Add the last word, and end the archive."""
        text = manifest.as_json()
        self.add(MANIFEST, text)
        self.add(MANIFEST_SHA256, hashlib.sha256(text).hexdigest().encode())
        self._tar.close()


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


class Content:
    """What a member holds, read from the front to the end. Raises Refused where the file of the backup ends too early."""

    def __init__(self, path: Path, content: IO[bytes]) -> None:
        self._path, self._content = path, content

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that is left for -1; none at the end."""
        with _told(self._path):
            return self._content.read(size)


def members(path: Path) -> Iterator[tuple[str, int, Content]]:
    """Name, length and content of each member in turn; the content is to be read before the next.

    Raises Refused for what is no backup of ours, or holds anything that could be put elsewhere: links, other names, a name twice.
    """
    seen: set[str] = set()
    with _opened(path) as tar:
        for entry in tar:
            content = tar.extractfile(entry) if entry.isreg() else None
            if content is None or entry.name in seen or not _is_ours(entry.name):
                raise Refused(f"{path} is no backup of Gemmaweb, or somebody has changed it: it holds {entry.name[:100]!r}.")
            if not seen and entry.name != MARK:
                raise Refused(f"{path} is no backup of Gemmaweb.")
            seen.add(entry.name)
            yield entry.name, entry.size, Content(path, content)


def verify(path: Path) -> Manifest:
    """The manifest of a backup of which every byte was read and fits. Raises Refused."""
    found: dict[str, Member] = {}
    text, text_sha256 = b"", b""
    for name, size_bytes, content in members(path):
        if name == MANIFEST and size_bytes <= MANIFEST_MAX_BYTES:
            text = content.read()
        elif name == MANIFEST_SHA256:
            text_sha256 = content.read(64)
        else:
            found[name] = Member(size_bytes, sha256_of(content))
    if hashlib.sha256(text).hexdigest().encode() != text_sha256:
        raise Refused(f"{path} is not whole: its end is missing or damaged. Take another backup.")
    manifest = Manifest.from_json(text)
    if wrong := sorted(name for name in found.keys() | manifest.members.keys() if found.get(name) != manifest.members.get(name)):
        raise Refused(f"{path} is damaged: {wrong[0]} is not what was written ({len(wrong)} of {len(found)} parts). Take another backup.")
    return manifest


def sha256_of(content: Content) -> str:
    """The checksum of all that is still to be read."""
    digest = hashlib.sha256()
    while block := content.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with _told(path), path.open("rb") as file, tarfile.open(fileobj=file, mode="r|", bufsize=BLOCK_BYTES) as tar:
        yield tar


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a sentence what is wrong with the file."""
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise Refused(f"{path} is no whole backup: {error}.") from error
    except OSError as error:
        raise Refused(f"{path} cannot be read: {os.strerror(error.errno or 0)}.") from error


def _is_ours(name: str) -> bool:
    return name in {MARK, MANIFEST, MANIFEST_SHA256} or bool(ROWS.fullmatch(name) or ORIGINAL.fullmatch(name))
