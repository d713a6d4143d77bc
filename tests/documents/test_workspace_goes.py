"""A workspace is deleted while files are added to it and read: in both orders, and back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import queue
from apps.core.errors import NotFound
from apps.documents import ingest, line
from apps.documents.models import Chunk, Document, DocumentVersion
from apps.documents.search import find_passages
from apps.documents.sweep import DEAD_AFTER, sweep
from apps.workspaces import lifecycle
from apps.workspaces.models import Workspace
from tests.documents.conftest import Upload, claim, current
from tests.documents.locks import on_its_own_connection, wait_until_blocked

Delete = Callable[[], None]


@pytest.fixture
def delete(workspace: Workspace, alice: User) -> Delete:
    """Delete the team's workspace as Alice."""
    return partial(lifecycle.delete, workspace=workspace, deleted_by=alice, typed_name=workspace.name)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were sent."""
    names: list[str] = []
    monkeypatch.setattr(queue, "send", lambda name, *_: names.append(name))
    return names


def test_a_reading_under_way_is_lost_at_its_next_word(upload: Upload, delete: Delete) -> None:
    version = claim(upload(read=False))
    delete()
    ingest.ingest(version)
    assert (DocumentVersion.objects.get().status, Chunk.objects.exists()) == ("reading", False)
    with pytest.raises(ingest.Lost):
        ingest.Reading(version).save(progress=1)


def test_what_waits_is_not_read(upload: Upload, delete: Delete, sent: list[str]) -> None:
    document = upload(read=False)
    delete()
    DocumentVersion.objects.update(created_at=timezone.now() - 2 * DEAD_AFTER)
    sweep()
    assert line.claim(current(document).pk) is None
    assert sent == []


def test_a_reading_that_ended_just_before_is_kept(upload: Upload, delete: Delete, workspace: Workspace, alice: User) -> None:
    upload()
    delete()
    lifecycle.restore(pk=workspace.pk, restored_by=alice)
    assert len(find_passages(workspace, "notice of the lease", 5).hits) == 1


def test_what_was_lost_is_read_again_when_the_workspace_is_back(
    upload: Upload, delete: Delete, workspace: Workspace, alice: User, sent: list[str]
) -> None:
    document = upload(read=False)
    ingest_lost = claim(document)
    delete()
    ingest.ingest(ingest_lost)
    DocumentVersion.objects.update(beat_at=timezone.now() - 2 * DEAD_AFTER)
    sweep()
    assert DocumentVersion.objects.values("status", "deaths").get() == {"status": "reading", "deaths": 0}
    lifecycle.restore(pk=workspace.pk, restored_by=alice)
    sweep()
    assert sent == ["documents.wake"]
    ingest.ingest(claim(document))
    assert current(document).status == "ready"


@pytest.mark.django_db(transaction=True)
def test_a_reading_that_ends_while_it_is_deleted_is_whole_or_lost(upload: Upload, delete: Delete) -> None:
    """The deletion comes first, and the reading waits for it at one of its words: the last one stands, after any other it is lost."""
    version = claim(upload(read=False))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            DocumentVersion.objects.select_for_update().get()
            reading = pool.submit(on_its_own_connection, partial(ingest.ingest, version))
            wait_until_blocked()
            delete()
        reading.result(30)
    assert (DocumentVersion.objects.get().status, Chunk.objects.exists()) in {("ready", True), ("reading", False)}


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_comes_just_after_leaves_nothing(upload: Upload, delete: Delete, workspace: Workspace) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            delete()
            uploading = pool.submit(on_its_own_connection, partial(upload, read=False))
            wait_until_blocked()
        with pytest.raises(NotFound):
            uploading.result(10)
    assert not Document.objects.exists()
    assert not default_storage.exists(str(workspace.pk))


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_began_before_is_there_when_the_workspace_is_back(
    upload: Upload, delete: Delete, workspace: Workspace, alice: User
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            document = upload(read=False)
            deleting = pool.submit(on_its_own_connection, delete)
            wait_until_blocked()
        deleting.result(10)
    assert not Document.objects.visible_to(alice).exists()
    lifecycle.restore(pk=workspace.pk, restored_by=alice)
    assert Document.objects.visible_to(alice).get() == document
    assert default_storage.exists(current(document).storage_key)
