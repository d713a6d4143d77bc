"""Restored data take the place of the old ones whole, wherever a kill falls."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemmaweb.local import swap
from gemmaweb.local.folder import Home

PARTS = ["postgres-18", "files", "secrets/postgres", "secrets/secret_key", "valkey"]


class Killed(BaseException):
    """The process ends here."""


def put(home: Path, owner: str, *parts: str) -> None:
    """Let each part say whose it is: folders by a file in them."""
    for part in parts:
        path = home / part
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.startswith("secrets/"):
            path.write_text(owner)
        else:
            path.mkdir()
            (path / "whose").write_text(owner)


def owners(home: Path) -> set[str]:
    """Whose the parts are that stand in `home`."""
    return {(path / "whose" if path.is_dir() else path).read_text() for path in (home / part for part in PARTS) if path.exists()}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An old installation, and a new one that is ready to take its place."""
    made = Home(tmp_path / "home")
    put(made.path, "old", *PARTS[:-1])
    put(swap.scratch_of(made).path, "new", *PARTS)
    return made


def test_the_new_takes_the_place_and_the_old_stands_aside(home: Home) -> None:
    swap.begin(home, PARTS, "aside")
    swap.finish(home)
    assert (owners(home.path), owners(home.path / "aside")) == ({"new"}, {"old"})
    assert not swap.scratch_of(home).path.exists()


def test_parts_that_are_not_named_stay(home: Home) -> None:
    swap.begin(home, ["postgres-18"], "aside")
    swap.finish(home)
    assert owners(home.path) == {"new", "old"}
    assert (home.path / "files" / "whose").read_text() == "old"


def test_nothing_happens_before_it_is_ready(home: Home) -> None:
    """As after a kill while it was being loaded."""
    swap.finish(home)
    assert owners(home.path) == {"old"}


@pytest.mark.parametrize("at", range(12))
def test_wherever_it_is_killed_the_next_start_finishes(home: Home, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    swap.begin(home, PARTS, "aside")
    renames = iter(range(at))
    rename = Path.rename

    def rename_or_die(self: Path, target: Path) -> Path:
        if next(renames, None) is None:
            raise Killed
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename_or_die)
        try:
            swap.finish(home)
        except Killed:
            assert at < 9, "nine renames, four to put aside and five into place"
    swap.finish(home)
    assert (owners(home.path), owners(home.path / "aside")) == ({"new"}, {"old"})
    swap.finish(home)
    assert owners(home.path) == {"new"}
