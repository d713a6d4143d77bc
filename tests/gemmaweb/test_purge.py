"""A deleted workspace is erased when nobody can bring it back: its rows, files and streams, and nobody else's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from apps.accounts.models import User
from apps.audit.models import Event
from apps.chat import ending, erasing, waiting
from apps.chat import services as chat
from apps.chat.models import Generation
from apps.chat.snapshots import Written
from apps.chat.stream import PARTS, state_key
from apps.core import live, queue
from apps.core.errors import NotFound
from apps.documents import erasing as documents_erasing
from apps.documents import ingest, line
from apps.documents import services as documents
from apps.documents.models import Document, DocumentVersion
from apps.workspaces import invitations, lifecycle
from apps.workspaces.keys import create_key
from apps.workspaces.models import UNDO_FOR, Role, Workspace
from gemmaweb import compaction, purge, tasks
from tests.conftest import make_workspace
from tests.documents.conftest import LEASE
from tests.documents.locks import on_its_own_connection, wait_until_blocked


@pytest.fixture(autouse=True)
def compacted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """How often the disk was cleared, which tests in a transaction cannot do; test_compaction does."""
    done: list[bool] = []

    def rewrite() -> bool:
        done.append(True)
        return True

    monkeypatch.setattr(compaction, "rewrite", rewrite)
    return done


def fill(workspace: Workspace, person: User) -> Generation:
    """Put one of everything into the workspace: files, an answered question, one that waits, streams, a link, a key."""
    for name in ("lease.txt", "harbour.txt"):
        file = SimpleUploadedFile(name, f"{name} of {workspace.slug}. {LEASE}".encode())
        document = documents.store_upload(workspace=workspace, added_by=person, name=name, file=file)
        claimed = line.claim(DocumentVersion.objects.get(document=document).pk)
        assert claimed is not None
        ingest.ingest(claimed)
    run = chat.ask(workspace=workspace, conversation=None, asked_by=person, text="What is the notice?", key=f"1 {workspace.pk}")
    Generation.objects.filter(pk=run.pk).update(status="running", attempt=1)
    for part in PARTS:
        live.client().set(state_key(run.pk, 1, part), "Six months.", ex=60)
    ending.finish(pk=run.pk, attempt=1, seq=1, status="done", written=Written(text="Six months [1].", citations=[cited(document)]))
    chat.ask(workspace=workspace, conversation=run.conversation, asked_by=person, text="And then?", key=f"2 {workspace.pk}")
    invitations.invite(workspace=workspace, invited_by=person, role=Role.MEMBER)
    create_key(user=person, workspace=workspace, name="robot")
    return run


def cited(document: Document) -> dict[str, Any]:
    """A citation of the document, as a run binds it."""
    where = {"n": 1, "title": "lease", "page": 1, "place": "", "start": 0, "end": 9, "quote": "The lease", "found": "found"}
    return {**where, "document": str(document.pk), "version": str(document.current_id)}


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table but the record, which only grows."""
    tables = {model._meta.db_table: model for model in apps.get_models() if model is not Event}
    return {name: list(model._default_manager.order_by("pk").values()) for name, model in tables.items()}


def files() -> set[Path]:
    """All originals, and the folders in which they stand."""
    return set(Path(default_storage.path("")).rglob("*"))


def delete(workspace: Workspace, person: User, *, ago: timedelta = UNDO_FOR + timedelta(minutes=2)) -> None:
    """Delete it, so long ago."""
    lifecycle.delete(workspace=workspace, deleted_by=person, typed_name=workspace.name)
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=timezone.now() - ago)


def streams(run: Generation) -> int:
    """How many parts of what was shown Redis still keeps."""
    return int(live.client().exists(*(state_key(run.pk, 1, part) for part in PARTS)))


@pytest.fixture
def second(alice: User) -> Workspace:
    """Another workspace of Alice's, as full."""
    made = make_workspace("second", owner=alice)
    fill(made, alice)
    return made


def test_nothing_of_it_is_left_and_everything_of_the_other(second: Workspace, alice: User, bob: User) -> None:
    before, on_disk = rows(), files()
    harbour = make_workspace("harbour", owner=alice, member=bob)
    run = fill(harbour, alice)
    assert streams(run) == len(PARTS)
    delete(harbour, alice)
    purge.purge_due()
    assert rows() == before
    assert files() == on_disk
    assert streams(run) == 0
    assert streams(Generation.objects.filter(status="done").get()) == len(PARTS)


@pytest.mark.parametrize("batch", [1, 2])
def test_it_goes_in_small_steps_too(second: Workspace, alice: User, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    before, on_disk = rows(), files()
    harbour = make_workspace("harbour", owner=alice)
    fill(harbour, alice)
    delete(harbour, alice)
    for module in (erasing, documents_erasing):
        monkeypatch.setattr(module, "BATCH", batch)
    purge.purge_due()
    assert (rows(), files()) == (before, on_disk)


def test_what_stays_is_a_record_without_content(workspace: Workspace, alice: User) -> None:
    fill(workspace, alice)
    delete(workspace, alice)
    purge.purge_due()
    erased = Event.objects.get(action="workspace.erased")
    assert (erased.workspace, erased.actor, erased.target, erased.details) == (workspace.pk, None, "", {})
    record = str(list(Event.objects.values()))
    assert not any(word in record for word in ("Harbour", "harbour", "lease", "notice"))


@pytest.mark.parametrize("ago", [timedelta(0), UNDO_FOR - timedelta(seconds=5), UNDO_FOR + timedelta(seconds=30)])
def test_nothing_goes_while_it_may_come_back(workspace: Workspace, alice: User, ago: timedelta) -> None:
    fill(workspace, alice)
    delete(workspace, alice, ago=ago)
    before = rows()
    purge.purge_due()
    with pytest.raises(NotFound):
        erasing.erase_some(workspace.pk)
    assert rows() == before


def test_what_came_back_is_left_alone(workspace: Workspace, alice: User) -> None:
    fill(workspace, alice)
    delete(workspace, alice)
    Workspace.objects.update(deleted_at=None)
    before = rows()
    assert not purge._erase(workspace.pk)
    assert rows() == before


class Killed(BaseException):
    """The process ends here."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the purge end before its step number `step`, counted from 0."""
    left = iter(range(step))

    def dying(erase: Callable[[UUID], bool]) -> Callable[[UUID], bool]:
        def erase_or_die(pk: UUID) -> bool:
            if next(left, None) is None:
                raise Killed
            return erase(pk)

        return erase_or_die

    monkeypatch.setattr(purge, "STEPS", tuple(map(dying, purge.STEPS)))


def test_wherever_it_is_killed_the_next_one_finishes(alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step in turn is the last one, until there is none left to be killed at."""
    monkeypatch.setattr(erasing, "BATCH", 1)
    before, on_disk = rows(), files()
    harbour = make_workspace("harbour", owner=alice)
    fill(harbour, alice)
    delete(harbour, alice)
    folder = Path(default_storage.path("")) / str(harbour.pk)
    shutil.copytree(folder, tmp_path / "files")
    for step in range(1_000):
        shutil.copytree(tmp_path / "files", folder, dirs_exist_ok=True)
        with transaction.atomic():
            is_killed = purge_until(step, monkeypatch)
            purge.purge_due()
            assert (rows(), files()) == (before, on_disk), f"killed at step {step}"
            transaction.set_rollback(True)
        if not is_killed:
            break
    assert 10 < step < 1_000


def purge_until(step: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the purge was killed before its step number `step`; it may have needed fewer."""
    with monkeypatch.context() as patched:
        killed_at(step, patched)
        try:
            purge.purge_due()
        except Killed:
            return True
    return False


@pytest.mark.parametrize("is_cleared", [True, False])
def test_its_row_goes_when_the_disk_is_clear(workspace: Workspace, alice: User, monkeypatch: pytest.MonkeyPatch, is_cleared: bool) -> None:
    fill(workspace, alice)
    delete(workspace, alice)
    monkeypatch.setattr(compaction, "rewrite", lambda: is_cleared)
    purge.purge_due()
    left = Workspace.objects.all()
    assert [(row.name, row.slug) for row in left] == ([] if is_cleared else [("", f"erased-{workspace.pk.hex}")])
    assert [(row.memberships.count(), row.invitations.count(), row.api_keys.count()) for row in left] == [(0, 0, 0)] * len(left)


def test_nobody_is_shown_the_row_that_waits(workspace: Workspace, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    delete(workspace, alice)
    monkeypatch.setattr(compaction, "rewrite", lambda: False)
    purge.purge_due()
    User.objects.update(is_superuser=True)
    root = User.objects.get(pk=alice.pk)
    assert not (Workspace.objects.restorable_by(root) | Workspace.objects.in_the_switch_of(root)).exists()


def test_its_short_name_is_free_again(workspace: Workspace, alice: User) -> None:
    delete(workspace, alice)
    purge.purge_due()
    assert make_workspace("harbour", owner=alice) != workspace


def test_the_disk_is_cleared_once_for_all_of_them_and_not_for_nothing(workspace: Workspace, alice: User, compacted: list[bool]) -> None:
    purge.purge_due()
    assert compacted == []
    for one in (workspace, make_workspace("second", owner=alice)):
        delete(one, alice)
    purge.purge_due()
    assert compacted == [True]
    assert not Workspace.objects.exists()


def test_the_sweep_sends_for_it_only_where_there_is_work(workspace: Workspace, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(queue, "send", sent.append)
    tasks.sweep()
    delete(workspace, alice, ago=timedelta(0))
    tasks.sweep()
    assert sent == []
    Workspace.objects.update(deleted_at=timezone.now() - timedelta(hours=1))
    tasks.sweep()
    assert sent == ["workspaces.purge"]
    tasks.purge()
    assert not Workspace.objects.exists()


def test_where_redis_is_away_the_rows_wait_for_it(workspace: Workspace, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody would know any more which streams there are."""
    run = fill(workspace, alice)
    delete(workspace, alice)
    with monkeypatch.context() as patched:
        patched.setattr(type(live.client()), "delete", refuse)
        with pytest.raises(RedisError):
            purge.purge_due()
    assert Generation.objects.filter(pk=run.pk).exists()
    purge.purge_due()
    assert streams(run) == 0


def refuse(*_: object) -> None:
    raise RedisError("away")


def test_a_file_that_is_gone_already_does_not_matter(workspace: Workspace, alice: User) -> None:
    fill(workspace, alice)
    delete(workspace, alice)
    documents_erasing._remove_folder(workspace.pk)
    purge.purge_due()
    assert not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_purges_at_once_do_no_harm(workspace: Workspace, alice: User) -> None:
    fill(workspace, alice)
    delete(workspace, alice)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(on_its_own_connection, purge.purge_due) for _ in range(2)]:
            done.result(30)
    assert not Workspace.objects.exists()
    assert Event.objects.filter(action="workspace.erased").count() == 1


def purge_impatiently() -> None:
    """With less patience for locks than in life, for the test not to last as long."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    purge.purge_due()


@pytest.mark.django_db(transaction=True)
def test_a_purge_waits_for_nobody_for_ever(workspace: Workspace, alice: User) -> None:
    """Somebody holds a row for longer than is right: the purge gives up, and the next one finishes."""
    fill(workspace, alice)
    delete(workspace, alice)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        list(Workspace.objects.select_for_update())
        with pytest.raises(DatabaseError):
            pool.submit(on_its_own_connection, purge_impatiently).result(20)
    purge.purge_due()
    assert not Workspace.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_slept_through_all_of_it_writes_nothing(workspace: Workspace, alice: User) -> None:
    run = fill(workspace, alice)
    late = waiting.claim_next()
    version = DocumentVersion.objects.filter(document__name="lease.txt")
    version.update(status="queued")
    claimed = line.claim(version.get().pk)
    assert late is not None
    assert claimed is not None
    delete(workspace, alice)
    purge.purge_due()
    assert not ending.finish(pk=late.pk, attempt=late.attempt, seq=1, status="done", written=Written(text="Late."))
    with pytest.raises(ingest.Lost):
        ingest.Reading(claimed).save(status="ready")
    assert not any((Generation.objects.exists(), DocumentVersion.objects.exists(), Workspace.objects.exists()))
    assert streams(run) == 0


@pytest.mark.django_db(transaction=True)
def test_who_brings_it_back_while_the_purge_looks_keeps_all_of_it(workspace: Workspace, alice: User) -> None:
    fill(workspace, alice)
    delete(workspace, alice)
    before = rows()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Workspace.objects.update(deleted_at=None)
            purging = pool.submit(on_its_own_connection, partial(purge._erase, workspace.pk))
            wait_until_blocked()
        assert not purging.result(10)
    Workspace.objects.update(deleted_at=before["workspaces_workspace"][0]["deleted_at"])
    assert rows() == before
