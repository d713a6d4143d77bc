"""A file may be large: nobody waits while search takes it in, or gives it up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.core import queue
from apps.documents import ingest
from apps.documents.chunking import Piece, split
from apps.documents.models import Chunk, Document, WorkspaceIndex
from apps.documents.parsing.places import Place
from apps.documents.search import find_passages
from apps.documents.services import UNDO_FOR, remove, restore
from apps.documents.sweep import WAITS_AFTER, sweep
from apps.documents.tasks import forget
from apps.workspaces.models import Workspace
from tests.documents.conftest import Upload, claim, current
from tests.documents.locks import PATIENCE_S, on_its_own_connection


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The tasks that were sent, with what they were sent for."""
    tasks: list[tuple[str, ...]] = []
    monkeypatch.setattr(queue, "send", lambda *task: tasks.append(task))
    return tasks


@pytest.mark.django_db(transaction=True)
def test_a_file_can_be_removed_while_it_is_indexed(upload: Upload, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    is_indexing, is_removed = Event(), Event()

    def long(places: list[Place]) -> Iterator[Piece]:
        is_indexing.set()
        is_removed.wait(PATIENCE_S)
        yield from split(places)

    monkeypatch.setattr(ingest, "split", long)
    document = upload(read=False)
    with ThreadPoolExecutor(1) as worker:
        reading = worker.submit(on_its_own_connection, lambda: ingest.ingest(claim(document)))
        is_indexing.wait(PATIENCE_S)
        remove(document=document, removed_by=alice)
        is_removed.set()
        reading.result(PATIENCE_S)
    assert current(document).status == "reading"  # until it is restored, and read anew
    assert not Chunk.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_removing_hides_at_once_and_leaves_the_rest_to_a_worker(
    upload: Upload, workspace: Workspace, alice: User, sent: list[tuple[str, ...]]
) -> None:
    document = upload()
    sent.clear()
    remove(document=document, removed_by=alice)
    assert find_passages(workspace, "notice of the lease", 5).hits == []
    assert sent == [("documents.forget", str(document.pk))]
    forget(str(document.pk))
    assert (Chunk.objects.count(), WorkspaceIndex.objects.get().chunks) == (0, 0)


def test_what_is_restored_before_it_is_forgotten_counts_once(upload: Upload, workspace: Workspace, alice: User) -> None:
    document = upload()
    before = WorkspaceIndex.objects.get().chunks
    remove(document=document, removed_by=alice)
    restore(document=document, restored_by=alice)
    ingest.ingest(claim(document))
    forget(str(document.pk))
    assert WorkspaceIndex.objects.get().chunks == before == Chunk.objects.count()
    assert len(find_passages(workspace, "notice of the lease", 5).hits) == 1


def test_what_nobody_was_told_to_forget_is_sent_again_and_not_purged(upload: Upload, alice: User, sent: list[tuple[str, ...]]) -> None:
    document = upload()
    remove(document=document, removed_by=alice)
    for age in (WAITS_AFTER, UNDO_FOR):
        Document.objects.update(deleted_at=timezone.now() - age)
        sent.clear()
        sweep()
        assert sent == [("documents.forget", str(document.pk))]
    forget(str(document.pk))
    sweep()
    assert not Document.objects.exists()


def test_forgetting_a_document_that_is_gone_does_nothing(upload: Upload) -> None:
    document = upload()
    pk = document.pk
    document.delete()
    forget(str(pk))
