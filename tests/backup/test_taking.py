"""What a backup holds is one moment of a running installation, and there is either all of it or none."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.core.files.storage import default_storage

from apps.accounts.models import User
from apps.chat.models import Message
from apps.documents.models import DocumentVersion
from apps.workspaces.models import Workspace
from gemmaweb.backup import taking
from gemmaweb.backup.archive import Writer, verify
from gemmaweb.backup.manifest import Manifest
from gemmaweb.backup.snapshot import LEFT_OUT, open_snapshot
from gemmaweb.local.errors import Refused
from tests.backup.archives import entries
from tests.conftest import signed_in
from tests.gemmaweb.test_purge import fill
from tests.services import HOME

Say = Callable[[str], None]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def full(url: str, workspace: Workspace, alice: User) -> Workspace:
    """The team's workspace with one of everything in it."""
    fill(workspace, alice)
    return workspace


def take(target: Path, *, say: Say = lambda line: None, with_files: bool = True, with_secrets: bool = True) -> Manifest:
    return taking.take(HOME, target, with_files=with_files, with_secrets=with_secrets, say=say)


def test_it_holds_every_row_and_every_file(full: Workspace, tmp_path: Path, url: str) -> None:
    manifest = take(tmp_path / "one")
    assert verify(tmp_path / "one") == manifest
    with open_snapshot(url) as now:
        assert {name: table.rows for name, table in manifest.tables.items()} == {
            name: b"".join(now.rows(name)).count(b"\n") for name in now.columns
        }
    keys = DocumentVersion.objects.values_list("storage_key", flat=True)
    held = {entry.name: content for entry, content in entries(tmp_path / "one") if entry.name.startswith("files/")}
    assert held == {f"files/{key}": default_storage.open(key).read() for key in keys}
    assert (manifest.has_files, manifest.files_missing) == (True, [])


def test_it_holds_one_moment(full: Workspace, tmp_path: Path, alice: User) -> None:
    """While it is written somebody renames a workspace, deletes messages and adds a person: none of it is in there."""
    seen: list[str] = []

    def disturb(line: str) -> None:
        if not seen:
            Message.objects.all().delete()
            Workspace.objects.update(name="Renamed")
            User.objects.create_user("late@example.org", name="Latecomer")
        seen.append(line)

    messages = Message.objects.count()
    manifest = take(tmp_path / "one", say=disturb)
    assert manifest.tables["chat_message"].rows == messages > 0
    assert manifest.tables["accounts_user"].rows == 2
    assert not Message.objects.exists()
    assert seen[0].startswith("account_emailaddress")


def test_a_file_that_goes_while_it_is_taken_is_named(full: Workspace, tmp_path: Path) -> None:
    """As one whose time for undo ends in the meantime: its row is in the snapshot, and its file is gone."""
    gone = DocumentVersion.objects.order_by("storage_key").values_list("storage_key", flat=True)[0]
    said: list[str] = []

    def remove(line: str) -> None:
        default_storage.delete(gone)
        said.append(line)

    manifest = take(tmp_path / "one", say=remove)
    assert manifest.files_missing == [gone]
    assert verify(tmp_path / "one") == manifest
    assert f"files: {gone} is missing (No such file or directory)" in said
    assert said[-1] == "files: 2 of 2, 0.0 MB"


def test_a_file_that_is_not_what_was_uploaded_is_named_and_kept(full: Workspace, tmp_path: Path) -> None:
    changed = DocumentVersion.objects.order_by("storage_key").values_list("storage_key", flat=True)[1]
    Path(default_storage.path(changed)).write_bytes(b"rotten")
    manifest = take(tmp_path / "one")
    assert manifest.files_missing == [changed]
    assert (f"files/{changed}", b"rotten") in [(entry.name, content) for entry, content in entries(tmp_path / "one")]


def test_what_opens_doors_is_left_out(full: Workspace, tmp_path: Path, alice: User, url: str) -> None:
    key = signed_in(alice).session.session_key
    manifest = take(tmp_path / "one")
    with psycopg.connect(url) as database:
        tables = {name for (name,) in database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert tables >= LEFT_OUT, "a table was renamed: its new name belongs there"
    assert not LEFT_OUT & manifest.tables.keys()
    held = b"".join(taking_apart(tmp_path / "one"))
    assert b"alice@example.org" in held
    assert str(key).encode() not in held


def taking_apart(path: Path) -> list[bytes]:
    """The rows of a backup."""
    return [gzip.decompress(content) for entry, content in entries(path) if entry.name.endswith(".gz")]


def test_its_secrets_stand_apart_and_belong_to_it(full: Workspace, tmp_path: Path) -> None:
    manifest = take(tmp_path / "one")
    beside = tmp_path / "one.secrets"
    said = json.loads(beside.read_text())
    assert (said["backup"], said["secrets"]) == (manifest.id, {"secret_key": HOME.read_secret("secret_key")})
    for name in ("secret_key", "postgres", "postgres_superuser", "valkey"):
        assert (HOME.read_secret(name) or "").encode() not in (tmp_path / "one").read_bytes()
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "one", beside)] == [0o600, 0o600]


def test_it_can_be_taken_without_secrets(full: Workspace, tmp_path: Path) -> None:
    take(tmp_path / "one", with_secrets=False)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_it_can_be_of_the_database_alone(full: Workspace, tmp_path: Path) -> None:
    manifest = take(tmp_path / "one", with_files=False)
    assert not manifest.has_files
    assert not [name for name in manifest.members if name.startswith("files/")]


@pytest.mark.parametrize("there", ["one", "one.secrets"])
def test_nothing_is_written_over(full: Workspace, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(Refused, match="is there already"):
        take(tmp_path / "one")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(
    full: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1, 1, 1000))
    with pytest.raises(Refused, match=r"may need \d+\.\d MB, and .* has 0\.0 MB left"):
        take(tmp_path / "one")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_nothing(full: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "close", refuse)
    with pytest.raises(Refused, match="could not be written: No space left on device"):
        take(tmp_path / "one")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(full: Workspace, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=f"{tmp_path}/none cannot be used: No such file or directory"):
        take(tmp_path / "none" / "one")


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, ValueError])
def test_who_is_stopped_leaves_nothing(full: Workspace, tmp_path: Path, end: type[BaseException]) -> None:
    def stop(line: str) -> None:
        raise end

    with pytest.raises(end):
        take(tmp_path / "one", say=stop)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_has_left_is_written_over(full: Workspace, tmp_path: Path) -> None:
    (tmp_path / ".one.partial").write_bytes(b"x" * 10_000_000)
    manifest = take(tmp_path / "one")
    assert verify(tmp_path / "one") == manifest
    assert (tmp_path / "one").stat().st_size < 1_000_000


def test_of_two_at_once_the_second_is_refused(full: Workspace, tmp_path: Path) -> None:
    with (tmp_path / ".one.partial").open("wb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="Another backup is being written"):
            take(tmp_path / "one")


def test_a_database_that_nobody_has_used_is_refused(other_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", other_url)
    with pytest.raises(Refused, match="nothing to back up"):
        take(tmp_path / "one")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(Refused, match="The database does not answer"):
        take(tmp_path / "one")


def test_long_tables_come_in_parts_of_whole_rows_or_not(full: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = take(tmp_path / "one")
    monkeypatch.setattr(taking, "PART_BYTES", 100)
    in_parts = take(tmp_path / "two")
    assert in_parts.tables == whole.tables
    assert len(in_parts.members) > 2 * len(whole.members)
    assert all(re.fullmatch(r"database/\w+/\d{6}\.gz|files/.+|gemmaweb-backup", name) for name in in_parts.members)


def test_it_waits_for_nobody_and_nobody_for_it(full: Workspace, tmp_path: Path, url: str) -> None:
    """Somebody changes every row of a table and has not committed: the backup takes what was there before."""
    with psycopg.connect(url) as writing:
        writing.execute("UPDATE workspaces_workspace SET name = 'Half done'")
        take(tmp_path / "one")
        writing.rollback()
    assert b"Half done" not in b"".join(taking_apart(tmp_path / "one"))
    assert os.access(tmp_path / "one", os.R_OK)
