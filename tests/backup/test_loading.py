"""What a backup holds comes back row by row, into tables as they were and then as they are now; or nothing is changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from apps.workspaces.models import Installation
from gemmaweb.backup import taking
from gemmaweb.backup.archive import verify
from gemmaweb.backup.loading import refuse_newer
from gemmaweb.backup.snapshot import open_snapshot
from gemmaweb.local.errors import Refused
from tests.backup.archives import GOOD, entries, rewrite, with_manifest
from tests.backup.conftest import database, manage_at, url_of
from tests.conftest import make_person, make_workspace
from tests.gemmaweb.test_purge import fill
from tests.services import HOME

pytestmark = pytest.mark.django_db  # without it pytest-django makes no database for `taken`
# The one table into which loading itself writes: that it has loaded.
RECORD = "audit_event"
Load = Callable[..., "subprocess.CompletedProcess[str]"]


def everything(url: str) -> dict[str, bytes]:
    """Every table of a database, row by row."""
    with open_snapshot(url) as now:
        return {name: b"".join(now.rows(name)) for name in now.columns}


def ask(url: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as server:
        done = server.execute(question)
        return done.fetchall() if done.description else []


@dataclass(frozen=True)
class Taken:
    """A backup, and what there was to back up."""

    path: Path
    rows: dict[str, bytes]


@pytest.fixture(scope="module")
def taken(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """A backup of a workspace with one of everything in it, which is gone again when the tests begin."""
    path = tmp_path_factory.mktemp("taken") / "backup"
    with (
        django_db_blocker.unblock(),
        override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]),
        pytest.MonkeyPatch.context() as patched,
    ):
        url = url_of(str(connection.settings_dict["NAME"]))
        patched.setenv("DATABASE_URL", url)
        Installation.objects.create()
        alice = make_person("Alice")
        fill(make_workspace("harbour", owner=alice), alice)
        taking.take(HOME, path, say=lambda line: None)
        rows = everything(url)
        call_command("flush", interactive=False, verbosity=0)
    return Taken(path, rows)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the originals go."""
    return tmp_path_factory.mktemp("restored")


@pytest.fixture(scope="module")
def url(taken: Taken, home: Path) -> Iterator[str]:
    """A database into which it was loaded."""
    with database() as made:
        done = manage_at(made, home, "load_backup", str(taken.path), "--compare")
        assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture
def load(url: str, home: Path) -> Load:
    """Loads a backup into the same database."""

    def load_one(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return manage_at(url, home, "load_backup", str(path), *options)

    return load_one


@pytest.fixture
def copy(taken: Taken, tmp_path: Path) -> Path:
    """The same backup, to be spoiled."""
    return Path(shutil.copy(taken.path, tmp_path / "copy"))


def test_every_row_comes_back(taken: Taken, url: str) -> None:
    after = everything(url)
    assert {name: rows for name, rows in after.items() if name != RECORD} == {
        name: rows for name, rows in taken.rows.items() if name != RECORD
    }
    assert after[RECORD].startswith(taken.rows[RECORD])
    assert taken.rows["documents_chunkterms"].count(b"\n") == 2, "the vectors were among them"


def test_every_file_comes_back(taken: Taken, url: str, home: Path) -> None:
    originals = {entry.name: content for entry, content in entries(taken.path) if entry.name.startswith("files/")}
    assert len(originals) == 2
    for name, content in originals.items():
        restored = home / name
        assert restored.read_bytes() == content
        assert (restored.stat().st_mode & 0o777, restored.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_that_it_was_restored_is_on_record(taken: Taken, url: str) -> None:
    manifest = verify(taken.path)
    last = ask(url, "SELECT action, target, details FROM audit_event ORDER BY id DESC LIMIT 1")
    assert last == [("installation.restored", manifest.id, {"taken_at": manifest.taken_at})]


def test_new_rows_get_numbers_after_the_old_ones(url: str) -> None:
    counted = "SELECT max(id), nextval(pg_get_serial_sequence('documents_chunk', 'id')) FROM documents_chunk"
    ((highest, following),) = ask(url, counted)
    assert following == highest + 1
    assert ask(url, "SELECT nextval(pg_get_serial_sequence('auth_group', 'id'))") == [(1,)]


def test_what_was_there_before_goes(taken: Taken, url: str, load: Load) -> None:
    ask(url, "UPDATE workspaces_workspace SET name = 'Changed'")
    ask(url, "CREATE TABLE leftover (number int)")
    assert load(taken.path).returncode == 0
    assert ask(url, "SELECT DISTINCT name FROM workspaces_workspace") == [("Harbour",)]
    assert ask(url, "SELECT to_regclass('leftover')") == [(None,)]


def test_a_backup_from_before_an_update_comes_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken when workspaces knew no archive, and chat had no tables."""
    with database() as old:
        for app in ("workspaces", "documents"):
            assert manage_at(old, tmp_path, "migrate", app, "0001").returncode == 0
        ask(old, "INSERT INTO workspaces_workspace VALUES (gen_random_uuid(), 'old', 'Old', false, 'best', 'en', now(), null)")
        monkeypatch.setenv("DATABASE_URL", old)
        manifest = taking.take(HOME, tmp_path / "old", with_secrets=False, say=lambda line: None)
        assert "archived_at" not in manifest.tables["workspaces_workspace"].columns
        assert "chat_message" not in manifest.tables
        done = manage_at(old, tmp_path, "load_backup", str(tmp_path / "old"), "--compare")
        assert done.returncode == 0, done.stderr
        assert ask(old, "SELECT slug, archived_at FROM workspaces_workspace") == [("old", None)]
        assert ask(old, "SELECT count(*) FROM chat_message") == [(0,)]


def test_one_of_a_newer_version_is_refused() -> None:
    newer = replace(GOOD, migrations=[*GOOD.migrations, ("audit", "0099_chain")], version="9.9")
    with pytest.raises(Refused, match=r"newer version \(9\.9, with audit\.0099_chain\)"):
        refuse_newer(newer)
    refuse_newer(GOOD)


def spoil(backup: Path, table: str, rows: bytes | None = None, **manifest: Any) -> Path:
    """The backup with other rows of this table, or with another word about it, and checksums that fit."""
    name = f"database/{table}/000000.gz"
    said = json.loads(verify(backup).as_json())
    if rows is not None:
        packed = gzip.compress(rows, mtime=0)
        rewrite(backup, [(entry, packed if entry.name == name else content) for entry, content in entries(backup)])
        said["members"][name] = {"size_bytes": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
    said["tables"][table] |= manifest
    return with_manifest(backup, json.dumps(said).encode())


@pytest.mark.parametrize(
    ("table", "change", "sentence"),
    [
        ("workspaces_workspace", {"rows": b"not a uuid\tx\n"}, "The rows of workspaces_workspace cannot be read"),
        ("workspaces_workspace", {"rows": b""}, "The rows of the backup do not fit together"),
        ("audit_event", {"rows": b""}, "The table audit_event has 0 rows after loading"),
        ("audit_event", {"columns": ["id"]}, "not those of its version (audit_event)"),
    ],
)
def test_one_that_does_not_fit_changes_nothing(copy: Path, url: str, load: Load, table: str, change: dict[str, Any], sentence: str) -> None:
    before = everything(url)
    done = load(spoil(copy, table, **change))
    assert done.returncode == 2, "a refusal, and no traceback"
    assert sentence in done.stderr
    assert everything(url) == before


def test_a_row_that_came_back_otherwise_is_found(copy: Path, load: Load) -> None:
    done = load(spoil(copy, "accounts_user", sha256="0" * 64), "--compare")
    assert (done.returncode, done.stderr) == (2, "The table accounts_user did not come back as it was.\n")
