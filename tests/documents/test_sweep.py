"""What a dead worker left is put right; what was deleted goes for good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import live, queue
from apps.documents.indexing import forget_chunks
from apps.documents.models import Document, DocumentVersion
from apps.documents.services import TooLate, remove, restore, retry
from apps.documents.sweep import DEAD_AFTER, sweep
from tests.documents.conftest import Upload, claim
from tests.documents.locks import on_its_own_connection, wait_until_blocked


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were sent."""
    names: list[str] = []
    monkeypatch.setattr(queue, "send", lambda name, *_: names.append(name))
    return names


def left_by_a_dead_worker(document: Document) -> None:
    """Claimed by a worker whose last beat is long ago."""
    claim(document)
    DocumentVersion.objects.update(beat_at=timezone.now() - DEAD_AFTER - timedelta(seconds=1))


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statuses that tabs were told."""
    statuses: list[str] = []
    monkeypatch.setattr(live, "publish_on_commit", lambda _room, frame: statuses.append(frame["status"]))
    return statuses


def test_a_dead_reading_goes_back_to_the_queue_and_is_sent_again(upload: Upload, sent: list[str]) -> None:
    left_by_a_dead_worker(upload(read=False))
    sweep()
    version = DocumentVersion.objects.get()
    assert (version.status, version.deaths) == ("queued", 1)
    assert sent == ["documents.wake"]


def test_a_living_reading_is_left_alone(upload: Upload, sent: list[str]) -> None:
    document = upload(read=False)
    claim(document)
    sweep()
    assert (DocumentVersion.objects.get().status, sent) == ("reading", [])


def test_the_third_death_is_the_files_fault(upload: Upload, sent: list[str]) -> None:
    document = upload(read=False)
    for _ in range(3):
        left_by_a_dead_worker(document)
        sweep()
    version = DocumentVersion.objects.get()
    assert (version.status, version.reason_code, version.deaths) == ("failed", "crashed", 3)
    assert "PDF" in version.reason
    sweep()
    assert DocumentVersion.objects.get().status == "failed"


@pytest.mark.parametrize("status", ["ready", "failed", "queued"])
def test_what_nobody_reads_cannot_be_left_by_a_dead_worker(upload: Upload, sent: list[str], status: str) -> None:
    left_by_a_dead_worker(upload(read=False))
    DocumentVersion.objects.update(status=status)
    sweep()
    version = DocumentVersion.objects.get()
    assert (version.status, version.deaths) == (status, 0)


def test_of_two_readings_only_the_dead_one_goes_back(upload: Upload, sent: list[str]) -> None:
    left_by_a_dead_worker(upload(read=False))
    living = upload("Another file.", name="living.txt", read=False)
    claim(living)
    sweep()
    assert sorted(DocumentVersion.objects.values_list("document__name", "status")) == [("lease.txt", "queued"), ("living.txt", "reading")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [{"attempt": 2}, {"status": "ready"}])
def test_what_moves_on_while_the_sweep_looks_is_left_alone(upload: Upload, change: dict[str, object]) -> None:
    left_by_a_dead_worker(upload(read=False))
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        DocumentVersion.objects.update(**change)
        sweeping = pool.submit(on_its_own_connection, sweep)
        wait_until_blocked()  # it has seen the row as it was, and waits to change it
        transaction.on_commit(lambda: sweeping.result(10))
    version = DocumentVersion.objects.get()
    assert (version.deaths, version.status) == (0, change.get("status", "reading"))


@pytest.mark.parametrize("deaths", [0, 2])
def test_tabs_are_told_what_became_of_it(upload: Upload, published: list[str], deaths: int) -> None:
    left_by_a_dead_worker(upload(read=False))
    DocumentVersion.objects.update(deaths=deaths)
    published.clear()
    sweep()
    assert published == [DocumentVersion.objects.get().status]


def test_a_message_that_was_lost_is_sent_again(upload: Upload, sent: list[str]) -> None:
    upload(read=False)
    sent.clear()
    sweep()
    assert sent == ["documents.wake"]
    sent.clear()
    claim(Document.objects.get())
    sweep()
    assert sent == []


def test_the_message_of_a_second_try_is_sent_again_at_once(upload: Upload, alice: User, sent: list[str]) -> None:
    retry(document=upload(b"%PDF-broken", name="bad.pdf"), asked_by=alice)
    sent.clear()
    sweep()
    assert sent == ["documents.wake"]


def test_what_was_removed_while_it_waited_is_not_sent_again(upload: Upload, alice: User, sent: list[str]) -> None:
    remove(document=upload(read=False), removed_by=alice)
    DocumentVersion.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    sweep()
    assert sent == []


def test_a_file_that_is_gone_already_does_not_stop_the_sweep(upload: Upload, alice: User) -> None:
    document = upload()
    remove(document=document, removed_by=alice)
    Document.objects.update(deleted_at=timezone.now() - timedelta(hours=2))
    assert document.current is not None
    default_storage.delete(document.current.storage_key)
    forget_chunks(pk=document.pk)
    sweep()
    assert not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_undo_at_the_last_moment_is_an_undo(upload: Upload, alice: User) -> None:
    """The undo comes while the sweep has found the document due: it is not purged."""
    document = due_for_purge(upload(), alice)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            restore(document=document, restored_by=alice)
            sweeping = pool.submit(on_its_own_connection, sweep)
            wait_until_blocked()
        sweeping.result(10)
    assert document.current is not None
    assert Document.objects.get().deleted_at is None
    assert default_storage.exists(document.current.storage_key)


@pytest.mark.django_db(transaction=True)
def test_an_undo_a_moment_too_late_says_so(upload: Upload, alice: User) -> None:
    """The purge comes first: whoever undoes meanwhile waits for it, and is told."""
    document = due_for_purge(upload(), alice)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            sweep()
            undoing = pool.submit(on_its_own_connection, partial(restore, document=document, restored_by=alice))
            wait_until_blocked()
        with pytest.raises(TooLate):
            undoing.result(10)
    with pytest.raises(TooLate):
        restore(document=document, restored_by=alice)


def due_for_purge(document: Document, person: User) -> Document:
    """The document, removed two hours ago and forgotten by search."""
    remove(document=document, removed_by=person)
    forget_chunks(pk=document.pk)
    Document.objects.update(deleted_at=timezone.now() - timedelta(hours=2))
    return document


@pytest.mark.django_db(transaction=True)
def test_a_deletion_becomes_final_after_the_time_for_undo(upload: Upload, alice: User) -> None:
    document = upload()
    assert document.current is not None
    key = document.current.storage_key
    remove(document=document, removed_by=alice)
    forget_chunks(pk=document.pk)
    sweep()
    assert default_storage.exists(key)
    Document.objects.update(deleted_at=timezone.now() - timedelta(hours=2))
    sweep()
    assert not Document.objects.exists()
    assert not default_storage.exists(key)
    assert not default_storage.exists(key.rpartition("/")[0])
