"""What is asked of a file system: whether it keeps what PostgreSQL needs, and to replace a file whole."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path


def is_posix(folder: Path) -> bool:
    """Whether `folder` keeps permissions, links and locks, found by trying them."""
    handle, name = tempfile.mkstemp(prefix=".probe-", dir=folder)
    probe, soft, hard = Path(name), Path(f"{name}.soft"), Path(f"{name}.hard")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        soft.symlink_to(probe)
        hard.hardlink_to(probe)
        return soft.is_symlink() and hard.samefile(probe) and _keeps_modes(probe)
    except OSError:
        return False
    finally:
        os.close(handle)
        for path in (probe, soft, hard):
            path.unlink(missing_ok=True)


def _keeps_modes(probe: Path) -> bool:
    """FAT takes a chmod without complaint and forgets it."""
    kept = []
    for mode in (0o600, 0o644):
        probe.chmod(mode)
        kept.append(probe.stat().st_mode & 0o777 == mode)
    return all(kept)


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text` so that a reader sees the old file or the new one, never a part; mode 0600."""
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(draft).replace(path)
