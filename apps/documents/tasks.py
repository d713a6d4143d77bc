"""The ingest worker's tasks."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from apps.documents import indexing, ingest
from apps.documents import sweep as sweeper


@shared_task(name="documents.read", ignore_result=True)
def read(version: str) -> None:
    """Read and index the version, if it still waits. Safe to lose and to deliver twice."""
    if claimed := ingest.claim(UUID(version)):
        ingest.ingest(claimed)


@shared_task(name="documents.forget", ignore_result=True)
def forget(document: str) -> None:
    """Remove what search kept of a removed document. Safe to lose and to deliver twice."""
    indexing.forget_chunks(pk=UUID(document))


@shared_task(name="documents.sweep", ignore_result=True)
def sweep() -> None:
    """Put right what a dead worker left."""
    sweeper.sweep()
