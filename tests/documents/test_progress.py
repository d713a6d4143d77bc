"""A reading on its way: it beats, it tells how far it is, and it stops when the file is no longer its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.documents import frames, ingest, line
from apps.documents.chunking import split
from apps.documents.ingest import BEAT_S, Lost, Reading
from apps.documents.models import Chunk, DocumentVersion, Page
from apps.documents.services import remove
from apps.documents.sweep import DEAD_AFTER
from tests.documents.conftest import Upload, claim, current

LONG_AGO = timedelta(hours=1)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How far the reading was, each time the tabs were told."""
    pages: list[int] = []
    monkeypatch.setattr(frames, "tell_loaded", lambda _document: pages.append(DocumentVersion.objects.get().progress))
    return pages


@pytest.fixture
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BEAT_S", 0.01)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until it is so."""
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_beat_can_be_missed_without_being_dead() -> None:
    assert DEAD_AFTER.total_seconds() > 3 * BEAT_S


def test_many_pages_at_once_are_told_a_few_times(upload: Upload, told: list[int]) -> None:
    reading = Reading(claim(upload(read=False)))
    told.clear()
    for page in range(1, 101):
        reading.progress(page, 100)
        time.sleep(0.01)
    assert 1 <= len(told) <= 10
    assert told == sorted(told)


def test_what_takes_but_a_moment_is_not_told_page_by_page(upload: Upload, told: list[int]) -> None:
    reading = Reading(claim(upload(read=False)))
    told.clear()
    for page in range(1, 4):
        reading.progress(page, 3)
    assert told == []


def test_a_file_that_takes_long_to_open_is_told_once(upload: Upload, told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading(claim(upload(read=False)))
    told.clear()
    assert not reading.is_over()
    assert told == []
    monkeypatch.setattr(ingest, "TELL_S", 0)
    assert not reading.is_over()
    assert not reading.is_over()
    assert told == [0]


def test_slow_pages_are_told_one_by_one(upload: Upload, told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "TELL_S", 0)
    reading = Reading(claim(upload(read=False)))
    told.clear()
    for page in (1, 2, 3):
        reading.progress(page, 9)
    assert told == [1, 2, 3]
    assert DocumentVersion.objects.get().progress_of == 9


def test_every_word_from_a_reading_is_a_sign_of_life(upload: Upload) -> None:
    reading = Reading(claim(upload(read=False)))
    DocumentVersion.objects.update(beat_at=timezone.now() - LONG_AGO)
    reading.save(pages=1)
    beat_at = DocumentVersion.objects.get().beat_at
    assert beat_at is not None
    assert timezone.now() - beat_at < DEAD_AFTER


def test_claiming_is_the_first_sign_of_life_and_forgets_the_last_try(upload: Upload) -> None:
    document = upload(read=False)
    DocumentVersion.objects.update(beat_at=timezone.now() - LONG_AGO, progress=3, progress_of=4)
    version = claim(document)
    assert version.beat_at is not None
    assert timezone.now() - version.beat_at < DEAD_AFTER
    assert (version.attempt, version.progress, version.progress_of) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_it_beats_while_a_page_takes_long(upload: Upload, quick_beats: None) -> None:
    reading = Reading(claim(upload(read=False)))
    DocumentVersion.objects.update(beat_at=timezone.now() - LONG_AGO)
    with reading.beating():
        wait_for(lambda: DocumentVersion.objects.filter(beat_at__gt=timezone.now() - DEAD_AFTER).exists())


@pytest.mark.django_db(transaction=True)
def test_it_notices_between_two_pages_that_its_file_was_removed(upload: Upload, alice: User, quick_beats: None) -> None:
    document = upload(read=False)
    reading = Reading(claim(document))
    with reading.beating():
        remove(document=document, removed_by=alice)
        assert reading.lost.wait(10)


@pytest.mark.parametrize("change", [{"attempt": 7}, {"status": "failed"}, {"status": "ready"}])
def test_what_it_lost_it_does_not_write(upload: Upload, change: dict[str, Any]) -> None:
    claimed = claim(upload(read=False))
    DocumentVersion.objects.update(**change)
    with pytest.raises(Lost):
        Reading(claimed).save(pages=99)
    ingest.ingest(claimed)
    version = DocumentVersion.objects.get()
    assert (version.pages, version.status) == (0, change.get("status", "reading"))
    assert not Chunk.objects.exists()


def test_what_it_loses_at_the_very_end_leaves_nothing(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = claim(upload(read=False))
    monkeypatch.setattr(ingest, "split", lambda places: DocumentVersion.objects.update(attempt=7) and split(places))
    ingest.ingest(claimed)
    assert DocumentVersion.objects.get().status == "reading"
    assert not Page.objects.exists()
    assert not Chunk.objects.exists()


def test_of_two_files_each_is_read_alone(upload: Upload) -> None:
    first, second = upload("One of two.", name="1.txt", read=False), upload("Two of two.", name="2.txt", read=False)
    claimed = claim(first)
    assert current(second).status == "queued"
    claim(second)
    ingest.ingest(claimed)
    assert (current(first).status, current(second).status) == ("ready", "reading")
    assert Chunk.objects.get().text == "One of two."


def test_a_failure_of_one_is_not_the_others(upload: Upload) -> None:
    broken, good = upload(b"%PDF-broken", name="1.pdf", read=False), upload(name="2.txt", read=False)
    claim(good)
    ingest.ingest(claim(broken))
    assert (current(broken).status, current(good).status, current(good).reason) == ("failed", "reading", "")


@pytest.mark.parametrize("gone", ["deleted", "unknown"])
def test_a_message_for_what_is_gone_is_no_error(upload: Upload, alice: User, gone: str) -> None:
    document = upload(read=False)
    pk = document.current_id
    assert pk is not None
    remove(document=document, removed_by=alice)
    if gone == "unknown":
        document.delete()
    assert line.claim(pk) is None
