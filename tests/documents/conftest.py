"""Uploads for the tests of documents."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import User
from apps.documents import ingest, line, services
from apps.documents.models import Document, DocumentVersion
from apps.workspaces.models import Workspace

LEASE = "The lease begins on 1 July 2021. Either party may end the lease with six months' notice to the end of a quarter."
Upload = Callable[..., Document]


def current(document: Document) -> DocumentVersion:
    """The newest version as the database has it."""
    return DocumentVersion.objects.get(document=document)


def claim(document: Document) -> DocumentVersion:
    """The newest version, claimed as a worker claims it."""
    claimed = line.claim(current(document).pk)
    assert claimed is not None
    return claimed


@pytest.fixture
def upload(workspace: Workspace, alice: User) -> Upload:
    """Puts a file on the team's shelf as Alice, and has it read where `read` is true."""

    def store(text: str | bytes = LEASE, *, name: str = "lease.txt", by: User = alice, read: bool = True) -> Document:
        content = text.encode() if isinstance(text, str) else text
        document = services.store_upload(workspace=workspace, added_by=by, name=name, file=SimpleUploadedFile(name, content))
        if read:
            ingest.ingest(claim(document))
        return Document.objects.select_related("current", "workspace").get(pk=document.pk)

    return store
