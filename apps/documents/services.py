"""What people do with files: put one on the shelf, take it off, bring it back, have it read again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import timedelta

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.audit.services import record
from apps.core import queue
from apps.core.errors import Forbidden, ProductError
from apps.core.ids import uuid7
from apps.documents import frames, indexing, line
from apps.documents.models import Document, DocumentVersion
from apps.documents.names import clean_name
from apps.workspaces.models import WRITERS, Membership, Workspace
from apps.workspaces.writable import hold_writable

UNDO_FOR = timedelta(hours=1)
_LOCK_CONTENTS = """
    SELECT pg_advisory_xact_lock(number)
    FROM (SELECT hashtextextended(name, 0) AS number FROM unnest(%s::text[]) AS name ORDER BY 1) AS sorted
"""
Status = DocumentVersion.Status


class EmptyFile(ProductError):
    """A file of no bytes."""

    code = "empty_file"
    sentence = _("This file is empty. Check it and upload it again.")


class FileTooLarge(ProductError):
    """More bytes than the installation takes."""

    code = "file_too_large"
    status = 413
    sentence = _("This file is larger than this installation takes. Split it and upload the parts.")

    def __init__(self, size_bytes: int) -> None:
        sizes = {"size": filesizeformat(size_bytes), "most": filesizeformat(settings.UPLOAD_MAX_BYTES)}
        super().__init__(str(_("This file has %(size)s; this installation takes %(most)s at most. Split it and upload the parts.") % sizes))


class DuplicateDocument(ProductError):
    """The same bytes stand in the workspace already; `document` is the one that is there."""

    code = "duplicate"
    status = 409
    sentence = _("This file is here already.")

    def __init__(self, document: Document) -> None:
        super().__init__(str(_("This file is here already, as “%(name)s”.") % {"name": document.name}))
        self.document = document

    def as_dict(self) -> dict[str, object]:
        """The error, and which document is there."""
        return {**super().as_dict(), "document": {"id": str(self.document.pk), "name": self.document.name}}


class NotRetryable(ProductError):
    """Only what failed can be read again."""

    code = "not_retryable"
    status = 409
    sentence = _("This file has not failed: there is nothing to try again.")


class TooLate(ProductError):
    """What was removed has gone for good."""

    code = "too_late"
    status = 410
    sentence = _("The time for undoing this is over: the file is gone. Upload it again.")


def store_upload(*, workspace: Workspace, added_by: User, name: str, file: File[bytes]) -> Document:
    """Put `file` on the workspace's shelf and return its document, queued to be read.

    Raises Forbidden, EmptyFile, FileTooLarge, DuplicateDocument. What is refused leaves neither a row nor a file.
    """
    require_writer(workspace, added_by)  # before the file is read, and once more in the transaction
    size_bytes = file.size or 0
    if size_bytes == 0:
        raise EmptyFile
    if size_bytes > settings.UPLOAD_MAX_BYTES:
        raise FileTooLarge(size_bytes)
    sha256 = _sha256(file)
    pk, version_pk = uuid7(), uuid7()
    key = f"{workspace.pk}/{pk}/{version_pk}"
    with ExitStack() as undo:
        undo.callback(default_storage.delete, key)  # a file without a row must not stay, whatever happens
        with transaction.atomic():
            require_writer(workspace, added_by)
            _refuse_duplicate(workspace, sha256)
            default_storage.save(key, file)  # first, as it takes longest: what follows is locked for others until the end
            line.open_line(workspace.pk)
            version = DocumentVersion(
                pk=version_pk, workspace=workspace, document_id=pk, sha256=sha256, size_bytes=size_bytes, storage_key=key,
                added_by=added_by, turn=line.next_turn(added_by.pk), queued_at=Now(),
            )  # fmt: skip
            document = Document(pk=pk, workspace=workspace, name=clean_name(name), added_by=added_by, current=version)
            document.save(force_insert=True)  # it names its version, whose row comes next: the database looks at the end
            version.save(force_insert=True)
            record("document.added", actor=added_by, workspace=workspace.pk, target=pk, size_bytes=size_bytes)
            line.wake_on_commit()
            frames.tell_loaded(document)
        undo.pop_all()
    return document


@transaction.atomic
def remove(*, document: Document, removed_by: User) -> None:
    """Take the document off the shelf and out of the search at once; `restore` undoes it for an hour.

    Raises Forbidden.
    """
    require_writer(document.workspace, removed_by)
    if Document.objects.filter(pk=document.pk, deleted_at=None).update(deleted_at=Now()) == 0:
        return
    indexing.hide_chunks(documents=[document.pk])
    queue.send_on_commit("documents.forget", str(document.pk))
    record("document.removed", actor=removed_by, workspace=document.workspace_id, target=document.pk)
    frames.tell(document.pk)


@transaction.atomic
def restore(*, document: Document, restored_by: User) -> None:
    """Undo `remove`: the file is read and indexed anew. Nothing where it is back already.

    Raises Forbidden, DuplicateDocument where the same file was uploaded meanwhile, TooLate where the file has gone for good.
    """
    require_writer(document.workspace, restored_by)
    version = _current_or_too_late(document)
    _refuse_duplicate(document.workspace, version.sha256)
    if Document.objects.filter(pk=document.pk).exclude(deleted_at=None).update(deleted_at=None) == 0:
        _current_or_too_late(document)
        return
    _queue_again(version, restored_by, of=[*Status])
    record("document.restored", actor=restored_by, workspace=document.workspace_id, target=document.pk)


@transaction.atomic
def retry(*, document: Document, asked_by: User) -> None:
    """Read a failed file again.

    Raises Forbidden, NotRetryable.
    """
    require_writer(document.workspace, asked_by)
    if not _queue_again(_current_or_too_late(document), asked_by, of=[Status.FAILED]):
        raise NotRetryable


def require_writer(workspace: Workspace, user: User) -> None:
    """Nothing, if `user` may add and remove documents here; and the workspace stays as it is until the transaction ends.

    Raises Forbidden, and Archived or NotFound where the workspace is read only or gone.
    """
    hold_writable(workspace.pk)
    if not Membership.objects.filter(workspace=workspace, user=user, role__in=WRITERS).exists():
        raise Forbidden


def _current_or_too_late(document: Document) -> DocumentVersion:
    found = DocumentVersion.objects.filter(document=document, pk=F("document__current")).first()
    if found is None:
        raise TooLate
    return found


def _queue_again(version: DocumentVersion, person: User, *, of: Sequence[str]) -> bool:
    """Back to the start; False if the version's status is none of `of`."""
    documents = line.queue_again(workspace=version.workspace_id, person=person.pk, versions=[version.pk], of=of)
    for document in documents:
        frames.tell(document)
    return bool(documents)


def lock_contents(workspace: Workspace, contents: Iterable[str]) -> None:
    """Until the transaction ends nobody else puts files of these SHA-256 on the workspace's shelf."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_CONTENTS, [[f"{workspace.pk}/{sha256}" for sha256 in contents]])


def _refuse_duplicate(workspace: Workspace, sha256: str) -> None:
    """Two uploads of the same bytes at once: the lock, held until commit, lets the second one see the first."""
    lock_contents(workspace, [sha256])
    there = Document.objects.filter(workspace=workspace, deleted_at=None, current__sha256=sha256).first()
    if there is not None:
        raise DuplicateDocument(there)


def _sha256(file: File[bytes]) -> str:
    digest = hashlib.sha256()
    for block in file.chunks():
        digest.update(block)
    return digest.hexdigest()
