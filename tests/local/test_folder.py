"""The folder of an installation: where it is, what it refuses, and its secrets and sockets."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gemmaweb.local import filesystem
from gemmaweb.local.errors import Refused
from gemmaweb.local.folder import SOCKETS_MAX_BYTES, Home


@pytest.fixture
def home(folder: Path) -> Home:
    made = Home(folder / "home")
    made.prepare()
    return made


@pytest.fixture
def bases(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files is an empty one of ours."""
    (folder / "t").mkdir()
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "t"))
    return folder / "t"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("GEMMAWEB_HOME", f"{folder}/a/../b")
    assert Home.from_environment().path == folder / "b"


def test_it_stands_beside_manage_py_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMMAWEB_HOME")
    home = Home.from_environment().path
    assert home.name == ".home"
    assert (home.parent / "manage.py").exists()


def test_all_of_it_is_private(home: Home) -> None:
    folders = (home.path, home.secrets, home.files, home.logs, home.run)
    assert {mode(each) for each in folders} == {0o700}


def test_a_file_system_that_forgets_permissions_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # what FAT does
    with pytest.raises(Refused, match="without permissions or links"):
        Home(folder / "stick").prepare()


def test_a_file_system_without_links_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "symlink", _denied)
    with pytest.raises(Refused, match="FAT, exFAT, NTFS"):
        Home(folder / "stick").prepare()


def test_a_file_system_without_locks_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", _denied)
    with pytest.raises(Refused, match="GEMMAWEB_HOME"):
        Home(folder / "stick").prepare()


def _denied(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_the_probe_leaves_nothing(home: Home) -> None:
    assert filesystem.is_posix(home.run)
    assert list(home.run.iterdir()) == []


def test_a_place_that_is_a_file_is_refused(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(Refused, match=r"cannot be used: (File exists|Not a directory)"):
        Home(folder / "file").prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_accounts_home_is_refused(home: Home) -> None:
    os.chown(home.secrets, 12345, 12345)
    with pytest.raises(Refused, match=r"belongs to another account \(user id 12345\)"):
        home.prepare()


def test_a_secret_is_made_once_and_is_private(home: Home) -> None:
    made = home.ensure_secret("key")
    assert len(made) >= 43
    assert home.ensure_secret("key") == home.read_secret("key") == made
    assert mode(home.secrets / "key") == 0o600
    assert home.ensure_secret("other") != made


def test_there_is_no_secret_before_it_is_made(home: Home) -> None:
    assert home.read_secret("key") is None


def test_all_who_race_for_a_secret_get_the_same(home: Home) -> None:
    with ThreadPoolExecutor(30) as pool:
        got = set(pool.map(home.ensure_secret, ["key"] * 30))
    assert len(got) == 1
    assert [each.name for each in home.secrets.iterdir()] == ["key"]


def test_the_sockets_stand_in_a_short_private_folder(home: Home, bases: Path) -> None:
    home.open_sockets()
    assert mode(home.sockets) == 0o700
    assert len(os.fsencode(home.sockets)) <= SOCKETS_MAX_BYTES
    assert (home.run / "sockets").read_text() == str(home.sockets)
    home.close_sockets()
    assert list(bases.iterdir()) == list(home.run.iterdir()) == []


def test_the_sockets_of_a_dead_predecessor_go(home: Home, bases: Path) -> None:
    home.open_sockets()
    (home.sockets / "stale").touch()
    home.open_sockets()
    assert [each.name for each in bases.iterdir()] == [home.sockets.name]
    assert list(home.sockets.iterdir()) == []


@pytest.mark.parametrize("planted", ["folder", "link", "file"])
def test_a_planted_folder_of_sockets_is_not_used(home: Home, bases: Path, planted: str) -> None:
    plant(home.sockets, planted)
    taken = home.sockets
    home.open_sockets()
    assert home.sockets != taken
    assert home.sockets.name.startswith(taken.name)
    assert mode(home.sockets) == 0o700


def plant(place: Path, kind: str) -> None:
    if kind == "folder":
        place.mkdir()
        place.chmod(0o777)
    elif kind == "link":
        place.symlink_to(place.parent)
    else:
        place.touch()


def test_the_runtime_folder_is_preferred_where_it_is_ours(home: Home, bases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = bases.parent / "r"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert home.sockets.parent == runtime
    runtime.chmod(0o755)
    assert home.sockets.parent == bases


def test_a_long_temp_folder_is_passed_over(home: Home, bases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(bases / ("long" * 20)))
    (bases / ("long" * 20)).mkdir()
    assert home.sockets.parent == Path("/tmp")


def test_its_urls_hold_the_passwords_and_the_sockets(home: Home, bases: Path) -> None:
    database, redis = urlsplit(home.database_url()), urlsplit(home.redis_url())
    assert (database.username, database.password, database.path) == ("gemmaweb", home.read_secret("postgres"), "/gemmaweb")
    assert parse_qs(database.query) == {"host": [str(home.service_sockets)]}
    assert (redis.scheme, redis.password, redis.query) == ("unix", home.read_secret("valkey"), "db=0")
    assert redis.path == f"{home.service_sockets}/valkey.sock"
