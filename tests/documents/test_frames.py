"""What tabs are told about a file on its way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.core import live
from apps.documents import frames, ingest
from apps.documents.models import Document, DocumentVersion
from apps.documents.services import remove
from apps.workspaces.models import Workspace
from tests.documents.conftest import Upload
from tests.documents.files import pdf


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The frames that were published."""
    published: list[dict[str, Any]] = []
    monkeypatch.setattr(live, "publish_on_commit", lambda room, frame: published.append({"room": room, **frame}))
    return published


def test_a_file_is_told_from_queued_to_ready(upload: Upload, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "TELL_S", 0.0)
    monkeypatch.setattr(ingest, "SHORT_CHARS", 0)
    document = upload(pdf("Some words.", "And more."))
    statuses = [frame["status"] for frame in told]
    assert list(dict.fromkeys(statuses)) == ["queued", "reading", "indexing", "ready"]
    assert {frame["room"] for frame in told} == {frames.room(document.workspace_id)}


def test_a_file_that_takes_a_moment_is_told_twice(upload: Upload, told: list[dict[str, Any]]) -> None:
    upload()
    assert [frame["status"] for frame in told] == ["queued", "ready"]


def test_many_files_at_once_are_told_once(upload: Upload, workspace: Workspace, told: list[dict[str, Any]]) -> None:
    pks = [upload(f"File {number}.", read=False).pk for number in range(3)]
    told.clear()
    frames.tell_all(workspace, pks)
    assert [frame["document"] for frame in told] == [str(pk) for pk in pks]
    told.clear()
    frames.tell_all(workspace, pks * 20)
    assert told == [{"room": frames.room(workspace.pk), "type": "shelf", "workspace": "harbour"}]


def test_a_failure_is_told_with_its_reason(upload: Upload, told: list[dict[str, Any]]) -> None:
    upload(b"%PDF-broken", name="bad.pdf")
    assert told[-1]["status"] == "failed"
    assert told[-1]["reason"].endswith(".")


def test_a_page_that_comes_late_is_told_what_it_missed(upload: Upload) -> None:
    done, waiting, old = upload(), upload("Another lease.", read=False), upload("An old lease.")
    DocumentVersion.objects.filter(document=old).update(beat_at=timezone.now() - timedelta(hours=1))
    missed = frames.frames_missed(Document.objects.all())
    assert [(frame["document"], frame["status"]) for frame in missed] == [(str(waiting.pk), "queued"), (str(done.pk), "ready")]


def test_a_removal_is_told(upload: Upload, told: list[dict[str, Any]]) -> None:
    document = upload()
    assert document.added_by is not None
    remove(document=document, removed_by=document.added_by)
    assert told[-1]["removed"] is True


def test_the_frame_of_what_is_gone_is_none(upload: Upload, told: list[dict[str, Any]]) -> None:
    pk = upload(read=False).pk
    Document.objects.all().delete()
    told.clear()
    frames.tell(pk)
    assert told == []
