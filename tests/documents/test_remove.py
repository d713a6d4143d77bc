"""Taking a file off the shelf, bringing it back, trying it again."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.core.errors import Forbidden
from apps.documents.models import Document
from apps.documents.services import DuplicateDocument, NotRetryable, remove, restore, retry
from apps.workspaces.models import Workspace
from tests.documents.conftest import Upload


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


def test_nothing_of_a_workspace_is_visible_to_a_stranger(upload: Upload, workspace: Workspace, charlie: User, bob: User) -> None:
    upload()
    assert Document.objects.visible_to(bob).count() == 1
    assert not Document.objects.visible_to(charlie).exists()
