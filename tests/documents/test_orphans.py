"""A file whose upload was cut off before its row is deleted; a file with a row, a young one and what is not ours are not."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from apps.core.ids import uuid7
from apps.documents import orphans
from apps.documents.orphans import delete_orphans
from apps.documents.tasks import tidy
from tests.documents.conftest import Upload, current


def stored(key: str, *, hours_ago: float = 2) -> str:
    """A file of this key that is so old."""
    default_storage.save(key, ContentFile(b"words"))
    then = time.time() - 3600 * hours_ago
    os.utime(default_storage.path(key), (then, then))
    return key


@pytest.fixture
def orphan() -> str:
    """A file of two hours that no row knows."""
    return stored(f"{uuid7()}/{uuid7()}/{uuid7()}")


def test_an_old_file_without_a_row_goes_with_its_folder(db: None, orphan: str) -> None:
    tidy()
    assert not default_storage.exists(orphan)
    assert not Path(default_storage.path(orphan)).parent.exists()
    assert delete_orphans() == 0


def test_a_file_with_a_row_stays(upload: Upload) -> None:
    key = current(upload(read=False)).storage_key
    os.utime(default_storage.path(key), (0, 0))
    delete_orphans()
    assert default_storage.exists(key)


def test_a_file_whose_row_may_still_come_stays(db: None) -> None:
    key = stored(f"{uuid7()}/{uuid7()}/{uuid7()}", hours_ago=0.9)
    delete_orphans()
    assert default_storage.exists(key)


def test_an_orphan_beside_a_file_with_a_row_goes_alone(upload: Upload) -> None:
    key = current(upload(read=False)).storage_key
    beside = stored(f"{key.rpartition('/')[0]}/{uuid7()}")
    delete_orphans()
    assert (default_storage.exists(key), default_storage.exists(beside)) == (True, False)


@pytest.mark.parametrize(
    "key", ["notes.txt", "mine/a/b", f"{uuid4()}/notes.txt", f"{uuid4()}/{uuid4()}/notes.txt", f"{uuid4()}/x/{uuid4()}"]
)
def test_what_is_not_named_by_ids_is_not_ours(db: None, key: str) -> None:
    stored(key)
    delete_orphans()
    assert default_storage.exists(key)
    default_storage.delete(key)


def test_many_are_asked_for_at_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "BATCH", 2)
    folder = f"{uuid7()}/{uuid7()}"
    keys = [stored(f"{folder}/{uuid7()}") for _ in range(5)]
    delete_orphans()
    assert not any(default_storage.exists(key) for key in keys)


def test_a_home_without_any_file_is_no_error(db: None, settings: Any, tmp_path: Path) -> None:
    nowhere = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "nowhere"}}
    settings.STORAGES = {**settings.STORAGES, "default": nowhere}
    assert delete_orphans() == 0
