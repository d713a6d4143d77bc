"""Putting a file on the shelf: a row and a file, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core import queue
from apps.core.errors import Forbidden, ProductError
from apps.documents.models import Document, DocumentVersion
from apps.documents.services import DuplicateDocument, EmptyFile, FileTooLarge, remove, store_upload
from apps.workspaces.models import Role, Workspace
from tests.conftest import make_person, make_workspace
from tests.documents.conftest import LEASE, Upload, current


def files_of(workspace: Workspace) -> list[Path]:
    """What stands on disk for the workspace."""
    folder = Path(default_storage.path(str(workspace.pk)))
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_upload_is_queued_under_ids(upload: Upload, workspace: Workspace) -> None:
    document = upload(name="../../lease.txt", read=False)
    version = document.current
    assert version is not None
    assert (document.name, version.status) == ("lease.txt", "queued")
    assert version.storage_key == f"{workspace.pk}/{document.pk}/{version.pk}"
    assert files_of(workspace)[0].read_text() == LEASE
    assert Event.objects.get(action="document.added").target == str(document.pk)


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.MEMBER])
def test_writers_may_upload(role: Role, installation: Any) -> None:
    person = make_person("Writer")
    workspace = make_workspace("room", **{role: person})
    store_upload(workspace=workspace, added_by=person, name="a.txt", file=SimpleUploadedFile("a.txt", b"a"))
    assert Document.objects.count() == 1


def test_a_viewer_and_a_stranger_may_not(workspace: Workspace, charlie: User) -> None:
    viewer = make_person("Viewer")
    workspace.memberships.create(user=viewer, role=Role.VIEWER)
    for person in (viewer, charlie):
        with pytest.raises(Forbidden):
            store_upload(workspace=workspace, added_by=person, name="a.txt", file=SimpleUploadedFile("a.txt", b"a"))
    assert not Document.objects.exists()
    assert files_of(workspace) == []


def test_an_empty_file_leaves_no_trace(upload: Upload, workspace: Workspace) -> None:
    with pytest.raises(EmptyFile):
        upload("")
    assert not Document.objects.exists()
    assert files_of(workspace) == []


def test_a_file_over_the_limit_leaves_no_trace(upload: Upload, workspace: Workspace, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 10
    with pytest.raises(FileTooLarge):
        upload()
    assert files_of(workspace) == []


def test_a_file_of_just_the_limit_is_taken(upload: Upload, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = len(LEASE)
    assert current(upload(read=False)).size_bytes == len(LEASE)


@pytest.mark.django_db(transaction=True)
def test_the_reader_is_woken_for_each_file_that_was_taken(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(queue, "send", lambda *message: sent.append(message))
    document = upload(read=False)
    with pytest.raises(DuplicateDocument):
        upload(read=False)
    assert (sent, current(document).status) == ([("documents.wake",)], "queued")


def test_a_file_may_come_back_after_the_first_was_removed(upload: Upload, alice: User) -> None:
    remove(document=upload(read=False), removed_by=alice)
    assert upload(name="again.txt", read=False).name == "again.txt"


def test_a_duplicate_is_told_with_the_one_that_is_there(upload: Upload, workspace: Workspace) -> None:
    first = upload(read=False)
    with pytest.raises(DuplicateDocument) as caught:
        upload(name="again.txt", read=False)
    assert caught.value.as_dict()["document"] == {"id": str(first.pk), "name": "lease.txt"}
    assert len(files_of(workspace)) == 1


def test_the_same_file_in_another_workspace_is_no_duplicate(upload: Upload, charlie: User) -> None:
    upload(read=False)
    elsewhere = Workspace.objects.get(slug="elsewhere")
    store_upload(workspace=elsewhere, added_by=charlie, name="lease.txt", file=SimpleUploadedFile("lease.txt", LEASE.encode()))
    assert Document.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_eight_uploads_of_the_same_file_one_stays(workspace: Workspace, alice: User) -> None:
    def try_upload(_: int) -> str:
        try:
            store_upload(workspace=workspace, added_by=alice, name="a.txt", file=SimpleUploadedFile("a.txt", b"the same"))
        except ProductError as error:
            return error.code
        finally:
            connection.close()
        return "stored"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(try_upload, range(8)))
    assert outcomes == ["duplicate"] * 7 + ["stored"]
    assert (DocumentVersion.objects.count(), len(files_of(workspace))) == (1, 1)


class FailsWhileStored(SimpleUploadedFile):
    """Can be read once, for its digest; then, half written, ends like a full disk."""

    passes = 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        self.passes += 1
        yield b"half"
        if self.passes > 1:
            raise OSError(28, "No space left on device")


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_leaves_neither_row_nor_file(workspace: Workspace, alice: User) -> None:
    with pytest.raises(OSError, match="No space left"):
        store_upload(workspace=workspace, added_by=alice, name="a.txt", file=FailsWhileStored("a.txt", b"half and half"))
    assert not Document.objects.exists()
    assert files_of(workspace) == []
