"""From a stored file to passages that search can find: read in a child, split, indexed, with progress all along."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models.functions import Now

from apps.core.text.languages import document_language
from apps.documents import frames, indexing
from apps.documents.chunking import split
from apps.documents.models import DocumentVersion, Page
from apps.documents.parsing.errors import ParseError, Stopped
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.parse import parse_file
from apps.documents.parsing.places import Parsed, Place
from apps.documents.parsing.sniff import sniff

logger = logging.getLogger(__name__)
Status = DocumentVersion.Status
BEAT_S = 3.0
TELL_S = 0.3
LANGUAGE_SAMPLE_CHARS = 20_000
SHORT_CHARS = 100_000  # what is indexed in a moment


class Lost(Exception):
    """This attempt no longer owns the version: it was deleted, or taken over."""


class Reading:
    """One attempt at one version; every write asks whether the attempt still owns it."""

    def __init__(self, version: DocumentVersion) -> None:
        self.version = version
        self.lost = Event()
        self._told_at = time.monotonic()
        self._is_told = False

    def save(self, **values: Any) -> None:
        """Write `values` and a beat. Raises Lost."""
        mine = DocumentVersion.objects.filter(pk=self.version.pk, attempt=self.version.attempt, status__in=DocumentVersion.UNFINISHED)
        if mine.on_a_shelf().update(beat_at=Now(), **values) == 0:
            self.lost.set()
            raise Lost

    def progress(self, done: int, of: int) -> None:
        """Part `done` of `of`: to the row and to the tabs, a few times a second; not at all where it takes but a moment. Raises Lost."""
        if time.monotonic() - self._told_at >= TELL_S:
            self.tell(progress=done, progress_of=of, kind=self.version.kind)

    def tell(self, **values: Any) -> None:
        """Write `values`, and tell the tabs. Raises Lost."""
        self._told_at, self._is_told = time.monotonic(), True
        self.save(**values)
        for name, value in values.items():
            setattr(self.version, name, value)
        frames.tell_loaded(self.version.document)

    def is_over(self) -> bool:
        """Whether to stop; asked often. Once a moment has gone by, the tabs are told that the file is being read. Raises Lost."""
        if not self._is_told and time.monotonic() - self._told_at >= TELL_S:
            self.tell()
        return self.lost.is_set()

    @contextmanager
    def beating(self) -> Iterator[None]:
        """A beat of its own while a single page takes long."""
        done = Event()
        beats = Thread(target=self._beat_until, args=(done,), daemon=True)
        beats.start()
        try:
            yield
        finally:
            done.set()
            beats.join()

    def _beat_until(self, done: Event) -> None:
        while not done.wait(BEAT_S):
            try:
                self.save()
            except Lost:
                return
            except DatabaseError as error:
                logger.warning("ingest %s: a heartbeat was missed (%s)", self.version.pk, error)
            finally:
                close_old_connections()


def ingest(version: DocumentVersion) -> None:
    """Bring a claimed version to ready, or to failed with its reason. Silent where the attempt was lost."""
    reading = Reading(version)
    started = time.monotonic()
    try:
        with reading.beating():
            parsed = _parse(reading)
            _index(reading, parsed)
    except (Lost, Stopped):
        logger.info("ingest %s attempt %d: lost", version.pk, version.attempt)
    except ParseError as error:
        _fail(reading, error)
    else:
        logger.info("ingest %s: %d pages in %.1f s", version.pk, len(parsed.places), time.monotonic() - started)


def _parse(reading: Reading) -> Parsed:
    version = reading.version
    path = Path(default_storage.path(version.storage_key))
    version.kind = sniff(path, name=version.document.name)
    return parse_file(
        path, name=version.document.name, on_progress=reading.progress, should_stop=reading.is_over, limits=_limits(version.size_bytes)
    )


def _limits(size_bytes: int) -> Limits:
    """What reading a file of that size may cost on this installation."""
    limits = Limits.for_file(size_bytes)
    return replace(limits, memory_bytes=settings.READER_MEMORY_BYTES, cpu_s=min(limits.cpu_s, settings.READER_CPU_S))


def _index(reading: Reading, parsed: Parsed) -> None:
    """Split and index; pages, chunks, terms and READY come in one transaction, so a search sees all of it or nothing.

    The rows of the version and of its document are written before and at the very end: held longer, they would keep the beat waiting,
    and whoever removes the file.
    """
    version = reading.version
    version.language = document_language(_sample(parsed.places))
    found = {"kind": parsed.kind, "pages": len(parsed.places), "language": version.language}
    if version.document.title != parsed.title:
        version.document.title = parsed.title
        version.document.save(update_fields=["title"])
    if sum(len(place.text) for place in parsed.places) > SHORT_CHARS:
        reading.tell(status=Status.INDEXING, **found)
    with transaction.atomic():
        if version.attempt > 1:
            Page.objects.filter(version=version).delete()
        Page.objects.bulk_create(
            [Page(version=version, number=place.number, kind=place.kind, label=place.label, text=place.text) for place in parsed.places],
            batch_size=500,
        )
        labels = {place.number: place.label for place in parsed.places}
        indexing.replace_chunks(version=version, pieces=split(parsed.places), labels=labels)
        notes = [notice.as_json() for notice in parsed.notices]
        reading.tell(status=Status.READY, warnings=notes, reason="", reason_code="", **found)


def _fail(reading: Reading, error: ParseError) -> None:
    version = reading.version
    logger.info("ingest %s: failed (%s)", version.pk, error.code)
    try:
        with transaction.atomic():
            if version.attempt > 1:
                _forget_last_attempt(version)
            why = {"reason_code": error.code, "reason": error.sentence, "warnings": [note.as_json() for note in error.notices]}
            reading.tell(status=Status.FAILED, pages=0, **why)
    except Lost:
        return


def _forget_last_attempt(version: DocumentVersion) -> None:
    """A file that was ready once, and fails when it is read again, is no longer found by what it said."""
    Page.objects.filter(version=version).delete()
    indexing.replace_chunks(version=version, pieces=(), labels={})


def _sample(places: list[Place]) -> str:
    """The first texts: enough to tell the language by."""
    texts, length = [], 0
    for place in places:
        texts.append(place.text)
        length += len(place.text)
        if length >= LANGUAGE_SAMPLE_CHARS:
            break
    return "\n".join(texts)[:LANGUAGE_SAMPLE_CHARS]
