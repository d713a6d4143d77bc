"""What a dead worker left is put right; what was deleted goes for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from apps.accounts.models import User
from apps.core import queue
from apps.documents.models import Document, DocumentVersion
from apps.documents.services import remove
from apps.documents.sweep import DEAD_AFTER, sweep
from tests.documents.conftest import Upload, claim


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


def test_a_dead_reading_goes_back_to_the_queue_and_is_sent_again(upload: Upload, sent: list[str]) -> None:
    left_by_a_dead_worker(upload(read=False))
    sweep()
    version = DocumentVersion.objects.get()
    assert (version.status, version.deaths) == ("queued", 1)
    assert sent == ["documents.read"]


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
    assert (version.status, version.reason_code) == ("failed", "crashed")


def test_a_message_that_was_lost_is_sent_again(upload: Upload, sent: list[str]) -> None:
    upload(read=False)
    sweep()
    assert sent == []
    DocumentVersion.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    sweep()
    assert sent == ["documents.read"]


def test_a_deletion_becomes_final_after_the_time_for_undo(upload: Upload, alice: User) -> None:
    document = upload()
    assert document.current is not None
    key = document.current.storage_key
    remove(document=document, removed_by=alice)
    sweep()
    assert default_storage.exists(key)
    Document.objects.update(deleted_at=timezone.now() - timedelta(hours=2))
    sweep()
    assert not Document.objects.exists()
    assert not default_storage.exists(key)
