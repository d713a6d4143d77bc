"""While a file is read, its reading says that it lives."""

from __future__ import annotations

from threading import Event

import pytest
from django.db import OperationalError

from apps.documents import ingest
from tests.documents.conftest import Upload, claim

WITHIN_S = 10
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_missed_beat_is_not_the_last(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BEAT_S", 0.01)
    missed, came_again = Event(), Event()

    def save() -> None:
        if missed.is_set():
            came_again.set()
        else:
            missed.set()
            raise OperationalError

    reading = ingest.Reading(claim(upload(read=False)))
    monkeypatch.setattr(reading, "save", save)
    with reading.beating():
        assert came_again.wait(WITHIN_S)


def test_who_lost_the_file_beats_no_more(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BEAT_S", 0.01)
    version = claim(upload(read=False))
    version.attempt += 1
    reading = ingest.Reading(version)
    with reading.beating():
        assert reading.lost.wait(WITHIN_S)
