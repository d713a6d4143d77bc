"""Taking a file off the shelf, bringing it back, trying it again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import OperationalError, transaction

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core import live, queue
from apps.core.errors import Forbidden
from apps.documents.models import ChunkTerms, Document
from apps.documents.search import find_passages
from apps.documents.services import DuplicateDocument, NotRetryable, remove, restore, retry
from apps.workspaces.models import Workspace
from tests.documents.conftest import Upload
from tests.documents.locks import held, on_its_own_connection, wait_until_blocked


def shown_to(person: User) -> dict[str, str]:
    """Names and states of the documents that the person sees."""
    return dict(Document.objects.visible_to(person).order_by("name").values_list("name", "current__status"))


def test_a_removed_document_is_no_longer_visible(upload: Upload, alice: User) -> None:
    document = upload(read=False)
    remove(document=document, removed_by=alice)
    assert not Document.objects.visible_to(alice).exists()


def test_removing_twice_is_removing_once(upload: Upload, alice: User) -> None:
    document = upload(read=False)
    remove(document=document, removed_by=alice)
    first = Document.objects.get().deleted_at
    remove(document=document, removed_by=alice)
    assert Document.objects.get().deleted_at == first


def test_a_stranger_removes_restores_and_retries_nothing(upload: Upload, charlie: User) -> None:
    document = upload(b"%PDF-broken")
    with pytest.raises(Forbidden):
        remove(document=document, removed_by=charlie)
    with pytest.raises(Forbidden):
        restore(document=document, restored_by=charlie)
    with pytest.raises(Forbidden):
        retry(document=document, asked_by=charlie)
    assert Document.objects.get().deleted_at is None


def test_restore_brings_it_back_to_the_queue(upload: Upload, alice: User) -> None:
    document = upload()
    remove(document=document, removed_by=alice)
    restore(document=document, restored_by=alice)
    shown = Document.objects.visible_to(alice).select_related("current").get()
    assert shown.current is not None
    assert shown.current.status == "queued"


def test_restore_is_refused_where_the_file_was_uploaded_meanwhile(upload: Upload, alice: User) -> None:
    document = upload(read=False)
    remove(document=document, removed_by=alice)
    upload(name="again.txt", read=False)
    with pytest.raises(DuplicateDocument):
        restore(document=document, restored_by=alice)


def test_only_what_failed_is_tried_again(upload: Upload, alice: User) -> None:
    with pytest.raises(NotRetryable):
        retry(document=upload(), asked_by=alice)
    failed = upload(b"%PDF-broken", name="bad.pdf")
    retry(document=failed, asked_by=alice)
    again = Document.objects.select_related("current").get(pk=failed.pk).current
    assert again is not None
    assert (again.status, again.reason) == ("queued", "")
    with pytest.raises(NotRetryable):
        retry(document=failed, asked_by=alice)


def test_a_removal_and_its_undo_touch_one_document(upload: Upload, alice: User) -> None:
    documents = [upload(f"File {name}.", name=name) for name in ("a.txt", "b.txt", "c.txt")]
    for document in documents[:2]:
        remove(document=document, removed_by=alice)
    assert shown_to(alice) == {"c.txt": "ready"}
    restore(document=documents[0], restored_by=alice)
    assert shown_to(alice) == {"a.txt": "queued", "c.txt": "ready"}


def test_a_second_try_touches_one_document(upload: Upload, alice: User) -> None:
    failed, _other = (upload(f"%PDF-{name}".encode(), name=name) for name in ("a.pdf", "b.pdf"))
    retry(document=failed, asked_by=alice)
    assert shown_to(alice) == {"a.pdf": "queued", "b.pdf": "failed"}


def test_only_the_newest_version_is_read_again(upload: Upload, alice: User) -> None:
    document = upload(b"%PDF-broken")
    newest = document.versions.create(workspace=document.workspace, number=2, sha256="2", size_bytes=1, storage_key="2", status="failed")
    Document.objects.update(current=newest)
    retry(document=document, asked_by=alice)
    assert list(document.versions.order_by("number").values_list("status", flat=True)) == ["failed", "queued"]


def test_what_was_not_removed_is_not_restored(upload: Upload, alice: User) -> None:
    document = upload(b"%PDF-broken")
    with pytest.raises(DuplicateDocument):  # it is itself the one that is there
        restore(document=document, restored_by=alice)
    assert shown_to(alice) == {"lease.txt": "failed"}


def test_a_second_try_starts_from_nothing(upload: Upload, alice: User) -> None:
    document = upload(b"%PDF-broken")
    document.versions.update(deaths=2, progress=3, progress_of=4, warnings=["Page 2 is blank."])
    retry(document=document, asked_by=alice)
    fresh = document.versions.values("status", "reason", "reason_code", "deaths", "progress", "progress_of", "warnings").get()
    assert fresh == {
        "status": "queued", "reason": "", "reason_code": "", "deaths": 0, "progress": 0, "progress_of": 0, "warnings": [],
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_second_try_wakes_the_reader_and_tells_the_tabs(upload: Upload, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    document = upload(b"%PDF-broken")
    sent: list[tuple[str, ...]] = []
    told: list[str] = []
    monkeypatch.setattr(queue, "send", lambda *message: sent.append(message))
    monkeypatch.setattr(live, "publish_on_commit", lambda _room, frame: told.append(frame["status"]))
    retry(document=document, asked_by=alice)
    assert (sent, told) == ([("documents.wake",)], ["queued"])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_try_again_at_once_one_is_told_no(upload: Upload, alice: User) -> None:
    document = upload(b"%PDF-broken")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            retry(document=document, asked_by=alice)
            second = pool.submit(on_its_own_connection, partial(retry, document=document, asked_by=alice))
            wait_until_blocked()
        with pytest.raises(NotRetryable):
            second.result(10)


@pytest.mark.django_db(transaction=True)
def test_a_removal_that_fails_half_way_changes_nothing(upload: Upload, workspace: Workspace, alice: User) -> None:
    document = upload()
    with held(ChunkTerms.objects.all()), pytest.raises(OperationalError):
        remove(document=document, removed_by=alice)
    assert shown_to(alice) == {"lease.txt": "ready"}
    assert len(find_passages(workspace, "notice of the lease", 5).hits) == 1


@pytest.mark.django_db(transaction=True)
def test_an_undo_that_fails_half_way_changes_nothing(upload: Upload, alice: User) -> None:
    document = upload()
    remove(document=document, removed_by=alice)
    with held(document.versions.all()), pytest.raises(OperationalError):
        restore(document=document, restored_by=alice)
    assert shown_to(alice) == {}


def test_a_removal_and_its_undo_are_on_record(upload: Upload, alice: User, bob: User) -> None:
    document = upload()
    remove(document=document, removed_by=bob)
    remove(document=document, removed_by=alice)
    restore(document=document, restored_by=alice)
    events = Event.objects.filter(target=document.pk, workspace=document.workspace_id).order_by("pk")
    done = [("document.added", "Alice"), ("document.removed", "Bob"), ("document.restored", "Alice")]
    assert list(events.values_list("action", "actor__name")) == done
    assert "lease" not in str([event.details for event in events])


def test_nothing_of_a_workspace_is_visible_to_a_stranger(upload: Upload, workspace: Workspace, charlie: User, bob: User) -> None:
    upload()
    assert Document.objects.visible_to(bob).count() == 1
    assert not Document.objects.visible_to(charlie).exists()
