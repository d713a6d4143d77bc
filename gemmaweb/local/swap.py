"""Put restored data into the place of what was there, whole or not at all: a kill in the middle is made good by the next start."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from gemmaweb.local.filesystem import write_whole
from gemmaweb.local.folder import Home

NOTE = "ready.json"


def scratch_of(home: Home) -> Home:
    """The home in which a restored one is made, inside its own: so it takes its place by renames."""
    return Home(home.path / "restoring")


def begin(home: Home, parts: list[str], aside: str) -> None:
    """From here on `parts` of the scratch home count, and those in their places are to be set `aside`; `finish` does it."""
    write_whole(scratch_of(home).path / NOTE, json.dumps({"parts": parts, "aside": aside}))


def finish(home: Home) -> None:
    """Do what `begin` has said, or the rest of it; nothing where nothing was begun. Under the home's lock."""
    scratch = scratch_of(home).path
    note = scratch / NOTE
    if not note.exists():
        return
    said = json.loads(note.read_text())
    for part in said["parts"]:
        _move(scratch / part, home.path / part, home.path / said["aside"] / part)
    os.sync()
    note.unlink()
    shutil.rmtree(scratch)


def _move(new: Path, place: Path, aside: Path) -> None:
    """Each of the two renames may have been done already."""
    if not new.exists():
        return
    if place.exists():
        aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.rename(aside)
    new.rename(place)
