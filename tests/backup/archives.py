"""Small backups made by hand, good ones and bad ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gemmaweb.backup.archive import MANIFEST, MANIFEST_SHA256, Writer
from gemmaweb.backup.manifest import Manifest, Table

ORIGINAL = "01a1fe07-bedd-7725-85ee-5651a2e881f8/01a1fe07-bf09-728f-83c3-556ba5991d46/01a1fe07-bf09-72db-95a9-2feb4e79a2f3"
GOOD = Manifest(
    id="one", version="0.1.0", taken_at="2026-03-01T12:00:00+00:00", migrations=[("audit", "0001_initial")],
    tables={"audit_event": Table(["id"], 1, hashlib.sha256(b"7\n").hexdigest())}, members={}, has_files=True,
)  # fmt: skip


def write(path: Path, manifest: Manifest = GOOD, **more: bytes) -> Path:
    """A good backup of one row and one original, and of `more` members."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.add("database/audit_event/000000.gz", gzip.compress(b"7\n", mtime=0))
        writer.add(f"files/{ORIGINAL}", b"The lease begins on 1 July.")
        for name, content in more.items():
            writer.add(name, content)
        writer.close(replace(manifest, members=dict(writer.members)))
    return path


def entries(path: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """What stands in the archive."""
    with tarfile.open(path) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            yield entry, content.read() if content else b""


def rewrite(path: Path, changed: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    """The archive with these entries and no others."""
    with tarfile.open(path, "w") as tar:
        for entry, content in changed:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def with_manifest(path: Path, text: bytes) -> Path:
    """The backup with another last word, whose checksum fits."""
    kept = [(entry, content) for entry, content in entries(path) if entry.name not in {MANIFEST, MANIFEST_SHA256}]
    last = [(MANIFEST, text), (MANIFEST_SHA256, hashlib.sha256(text).hexdigest().encode())]
    rewrite(path, [*kept, *[(tarfile.TarInfo(name), content) for name, content in last]])
    return path
