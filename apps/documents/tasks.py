"""The ingest worker's tasks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready
from django.db import connection

from apps.documents import indexing, ingest, line, orphans, vectors
from apps.documents import sweep as sweeper


@shared_task(name="documents.wake", ignore_result=True)
def wake() -> None:
    """Read and index the fairest waiting file, if there is one. Safe to lose and to deliver twice."""
    try:
        if claimed := line.claim_next():
            ingest.ingest(claimed)
            vectors.wake_if_lacking()
    finally:
        line.wake_next()


@shared_task(name="documents.forget", ignore_result=True)
def forget(document: str) -> None:
    """Remove what search kept of a removed document. Safe to lose and to deliver twice."""
    try:
        indexing.forget_chunks(pk=UUID(document))
    finally:
        line.wake_next()


@shared_task(name="documents.embed", ignore_result=True)
def embed() -> None:
    """Make vectors that are missing, for a while. Safe to lose and to deliver twice."""
    try:
        vectors.fill()
    finally:
        line.wake_next()


@worker_ready.connect
def wake_at_start(**_: Any) -> None:
    """Whoever waited for a worker is served now."""
    line.wake_free_readers()
    connection.close()


@shared_task(name="documents.sweep", ignore_result=True)
def sweep() -> None:
    """Put right what a dead worker left."""
    sweeper.sweep()


@shared_task(name="documents.tidy", ignore_result=True)
def tidy() -> None:
    """Delete files that no row knows."""
    orphans.delete_orphans()
