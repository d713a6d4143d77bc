"""Documents that stand in the index already, as reading them would have left them."""

from __future__ import annotations

from apps.core.text.languages import document_language
from apps.documents.chunking import split
from apps.documents.indexing import replace_chunks
from apps.documents.models import Document, DocumentVersion
from apps.documents.parsing.places import Place
from apps.workspaces.models import Workspace


def make_version(workspace: Workspace, name: str, text: str) -> DocumentVersion:
    """A document of one place with its ready version, not yet indexed."""
    document = Document.objects.create(workspace=workspace, name=name, title=name.removesuffix(".txt"))
    version = DocumentVersion.objects.create(
        workspace=workspace,
        document=document,
        sha256="0" * 64,
        size_bytes=len(text),
        storage_key=name,
        language=document_language(text),
        status="ready",
    )
    Document.objects.filter(pk=document.pk).update(current=version)
    return version


def index(version: DocumentVersion, text: str) -> DocumentVersion:
    """Put `text` into the index as all that the version holds."""
    replace_chunks(version=version, pieces=split([Place(number=1, label="p. 1", kind="page", text=text)]), labels={1: "p. 1"})
    return version


def add(workspace: Workspace, name: str, text: str) -> Document:
    """A document of the workspace that search finds."""
    return index(make_version(workspace, name, text), text).document
