"""What progress counts depends on the kind: pages of a PDF, sheets of a workbook, files of an archive."""

from __future__ import annotations

import json

import pytest

from apps.core.live import encode
from apps.documents.frames import document_frame
from apps.documents.models import PROGRESS, DocumentVersion
from apps.documents.reasons import for_reader
from tests.conftest import signed_in
from tests.documents.conftest import Upload


@pytest.mark.parametrize(
    ("kind", "unit"),
    [("pdf", "page"), ("pptx", "slide"), ("ods", "sheet"), ("epub", "chapter"), ("zip", "file"), ("text", "page"), ("", "page")],
)
def test_the_row_and_the_frame_name_the_same_unit(upload: Upload, kind: str, unit: str) -> None:
    document = upload(read=False)
    DocumentVersion.objects.update(status="reading", kind=kind, progress=3, progress_of=10)
    document.refresh_from_db()
    assert document.current is not None
    assert document.current.progress_words == f"Reading {unit} 3 of 10"
    assert document_frame(document)["unit"] == unit
    assert document.added_by is not None
    assert f"Reading {unit} 3 of 10" in signed_in(document.added_by).get("/w/harbour/documents/").content.decode()


def test_scripts_have_a_sentence_for_each_unit(upload: Upload) -> None:
    document = upload(read=False)
    assert document.added_by is not None
    page = signed_in(document.added_by).get("/w/harbour/documents/").content.decode()
    assert all(f'data-word="file_reading_{unit}"' in page for unit in PROGRESS)


def test_a_frame_of_a_file_that_is_being_read_needs_no_translation(upload: Upload) -> None:
    raw = encode(document_frame(upload(read=False)))
    assert for_reader(raw, "de") is raw
    assert json.loads(raw)["unit"] == "page"
