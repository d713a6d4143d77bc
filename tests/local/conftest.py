"""A folder for a home, which `nobody` may own, and `up` on it; whatever a test leaves running is killed."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.driver import Up

StartUp = Callable[..., Up]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that every account may enter."""
    made = Path(tempfile.mkdtemp(prefix="gemmaweb-local-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def used_home() -> Iterator[Path]:
    """A home for all tests of a file: making a database takes longer than most of them."""
    made = Path(tempfile.mkdtemp(prefix="gemmaweb-local-"))
    made.chmod(0o755)
    yield made / "home"
    shutil.rmtree(made)


@pytest.fixture
def up(used_home: Path) -> Iterator[StartUp]:
    """`up(...)` starts a run, on the file's home if on no other."""
    started: list[Up] = []
    shutil.rmtree(used_home / "logs", ignore_errors=True)

    def start(*program: str, home: Path = used_home, **options: Any) -> Up:
        started.append(Up(home, *([program] if program else []), **options))
        return started[-1]

    yield start
    for run in started:
        run.kill_all()
        run.output.unlink()
        if run.home.path.exists():
            run.home.close_sockets()


@pytest.fixture
def nobodys(folder: Path) -> Path:
    """A home that `nobody` owns."""
    home = folder / "nobodys"
    home.mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return home
