"""From the stored file to passages: ready, or failed with a reason that says what to do."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.documents import ingest, line
from apps.documents.models import Chunk, Document, DocumentVersion, Page, WorkspaceIndex
from apps.documents.search import find_passages
from apps.documents.services import remove, restore
from apps.workspaces.models import Workspace
from tests.documents.conftest import LEASE, Upload, claim, current
from tests.documents.files import pdf


def test_a_text_file_becomes_ready_and_found(upload: Upload, workspace: Workspace) -> None:
    document = upload()
    version = current(document)
    assert (version.status, version.pages, version.language, version.kind) == ("ready", 1, "en", "text")
    hit = find_passages(workspace, "How long is the notice of the lease?", 5).hits[0]
    assert (hit.document_id, hit.page) == (document.pk, 1)
    assert LEASE[hit.start : hit.end] == hit.text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"Rar!\x1a\7" + b"\0" * 50, "unsupported_kind"),
        (b" \n \n ", "no_text"),
        (b"%PDF-1.7\nbroken", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(upload: Upload, content: bytes, code: str) -> None:
    version = current(upload(content))
    assert (version.status, version.reason_code) == ("failed", code)
    assert version.reason.endswith(".")
    assert not Chunk.objects.exists()


def test_a_bad_file_does_not_stop_the_next(upload: Upload) -> None:
    upload(b"%PDF-1.7\nbroken", name="bad.pdf")
    assert current(upload()).status == "ready"


def test_a_version_is_claimed_once(upload: Upload) -> None:
    document = upload(read=False)
    version = claim(document)
    assert line.claim(version.pk) is None


def test_reading_again_gives_the_same_chunks(upload: Upload) -> None:
    document = upload()
    before = list(Chunk.objects.values_list("page", "start", "end", "text"))
    DocumentVersion.objects.update(status="queued")
    ingest.ingest(claim(document))
    assert list(Chunk.objects.values_list("page", "start", "end", "text")) == before
    assert (Page.objects.count(), WorkspaceIndex.objects.get().chunks) == (1, len(before))


def test_what_is_left_out_of_a_file_is_said(upload: Upload) -> None:
    version = current(upload(pdf("Some words stand here.", "", "And some there."), name="scan.pdf"))
    assert (version.status, version.pages, version.notes) == ("ready", 3, ["Page 2 had no text."])


def test_a_second_try_that_works_forgets_why_the_first_did_not(upload: Upload) -> None:
    document = upload(read=False)
    DocumentVersion.objects.update(reason="This file is damaged.", reason_code="damaged")
    ingest.ingest(claim(document))
    version = current(document)
    assert (version.status, version.reason, version.reason_code) == ("ready", "", "")


def test_each_file_keeps_its_own_title_and_pages(upload: Upload) -> None:
    for title in ("Harbour", "Night shift"):
        upload(f"<title>{title}</title><p>Some words of {title} stand here.</p>", name=f"{title}.html")
    DocumentVersion.objects.filter(document__title="Harbour").update(status="queued")
    ingest.ingest(claim(Document.objects.get(title="Harbour")))
    pages = Page.objects.values_list("version__document__title", "text").order_by("version")
    assert [(title, title in text) for title, text in pages] == [("Harbour", True), ("Night shift", True)]


def test_the_language_is_told_by_the_beginning(upload: Upload) -> None:
    english, german = "The ship and the harbour are at sea. ", "Das Schiff ist nicht in dem Hafen und auf dem Meer. "
    assert current(upload(english * 600 + german * 2000)).language == "en"
    assert current(upload(german * 600 + english * 2000)).language == "de"


def test_what_was_removed_while_it_was_read_stays_removed(upload: Upload, alice: User) -> None:
    document = upload(read=False)
    claimed = claim(document)
    remove(document=document, removed_by=alice)
    ingest.ingest(claimed)
    assert current(document).status == "reading"
    assert not Chunk.objects.exists()


def test_a_late_attempt_is_silent(upload: Upload) -> None:
    document = upload(read=False)
    first = claim(document)
    DocumentVersion.objects.filter(pk=first.pk).update(status="queued")
    second = claim(document)
    ingest.ingest(first)
    assert (current(document).status, Chunk.objects.exists()) == ("reading", False)
    ingest.ingest(second)
    assert current(document).status == "ready"


def test_removed_documents_are_not_found_until_they_are_restored(upload: Upload, workspace: Workspace, alice: User) -> None:
    document = upload()
    remove(document=document, removed_by=alice)
    assert find_passages(workspace, "notice of the lease", 5).hits == []
    restore(document=document, restored_by=alice)
    ingest.ingest(claim(document))
    assert len(find_passages(workspace, "notice of the lease", 5).hits) == 1
