"""Vectors of chunks, made behind everybody's back: a file is found by its words at once, and by its meaning when its vectors are there.

One worker at a time is at it, a small batch a time; what is there is the progress, so that it can be broken off anywhere.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.functions import Now

from apps.core import queue
from apps.documents.models import ChunkTerms, ChunkVector, Filling
from apps.inference import finding
from apps.inference.engines.base import EngineError, EngineUnavailable
from apps.inference.engines.vectors import Vector
from apps.inference.finder_use import FILL
from apps.inference.models import InstalledModel

logger = logging.getLogger(__name__)
SLICE_S = 20.0  # then the files that wait have their turn
BATCH_S = 0.5  # whoever asks a question waits for no longer batch
BATCH_MIN, BATCH_MAX = 1, 32
DEAD_AFTER = timedelta(seconds=finding.PASSAGES_S + 30)
STANDS_STILL = timedelta(seconds=30)

_WITHOUT_VECTOR = """
    SELECT chunk.id, coalesce(nullif(document.title, ''), document.name), chunk.text
    FROM documents_chunkterms AS terms
    JOIN documents_chunk AS chunk ON chunk.id = terms.chunk_id
    JOIN documents_document AS document ON document.id = chunk.document_id
    WHERE terms.chunk_id > %s
      AND NOT EXISTS (SELECT FROM documents_chunkvector AS known WHERE known.chunk_id = terms.chunk_id AND known.model_id = %s)
    ORDER BY terms.chunk_id
    LIMIT %s
"""
# The rows of the terms are held, so that a file that is removed at this moment leaves no vector behind.
_INSERT = """
    INSERT INTO documents_chunkvector (chunk_id, workspace_id, model_id, embedding, is_cut)
    SELECT terms.chunk_id, terms.workspace_id, %s, made.embedding::halfvec, made.is_cut
    FROM unnest(%s::bigint[], %s::text[], %s::bool[]) AS made (chunk, embedding, is_cut)
    JOIN documents_chunkterms AS terms ON terms.chunk_id = made.chunk
    FOR KEY SHARE OF terms
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many passages there are, how many of them have a vector, how many were too long for the model, and why it stands still."""

    all: int
    done: int
    cut: int
    reason: str = ""

    @property
    def is_done(self) -> bool:
        """Whether no vector is missing."""
        return self.done >= self.all


@dataclass(frozen=True, slots=True)
class Made:
    """A chunk's vector as it is stored; without one where the model refused the text."""

    chunk: int
    vector: Vector | None
    is_cut: bool = False


def progress_of(model: InstalledModel) -> Progress:
    """How far the vectors of `model` are. Three queries."""
    counts = ChunkVector.objects.filter(model=model).aggregate(done=Count("pk"), cut=Count("pk", filter=Q(is_cut=True)))
    reason = Filling.objects.filter(model=model).values_list("reason", flat=True).first()
    return Progress(ChunkTerms.objects.count(), counts["done"], counts["cut"], reason or "")


def wake_if_lacking() -> None:
    """Have missing vectors made, where an embedder is in use and nobody is at it."""
    model = finding.finder_in_use(InstalledModel.Role.EMBED)
    if model is None or Filling.objects.filter(model=model, beat_at__gt=Now() - STANDS_STILL).exists():
        return
    if _without_vector(model, 1):
        queue.send(FILL)


def fill() -> None:
    """Make vectors that are missing, for a while; the rest comes by a message that stands behind those of waiting files."""
    model = finding.finder_in_use(InstalledModel.Role.EMBED)
    if model is None or not _claim(model):
        return
    try:
        is_done = _fill_for(model, until=time.monotonic() + SLICE_S)
    except EngineError as error:
        logger.warning("vectors: %s makes none now (%s)", model.name, error)
        Filling.objects.filter(model=model).update(reason=str(error))  # the beat stays: it is tried again a little later
        return
    Filling.objects.filter(model=model).update(beat_at=None, reason="")
    if not is_done:
        queue.send(FILL)


def _claim(model: InstalledModel) -> bool:
    """Whether the work is ours: nobody is at it, or whoever was is dead, or stood still and may be tried again."""
    Filling.objects.bulk_create([Filling(model=model, sha256=model.sha256)], ignore_conflicts=True)
    stood_still = ~Q(reason="") & Q(beat_at__lt=Now() - STANDS_STILL)
    free = Q(beat_at=None) | Q(beat_at__lt=Now() - DEAD_AFTER) | stood_still
    if not Filling.objects.filter(free, model=model).update(beat_at=Now(), reason=""):
        return False
    if Filling.objects.filter(model=model).exclude(sha256=model.sha256).exists():
        _forget(model)
    return True


@transaction.atomic
def _forget(model: InstalledModel) -> None:
    """Another file stands under the model's name: what the one before made is thrown away."""
    ChunkVector.objects.filter(model=model).delete()
    Filling.objects.filter(model=model).update(sha256=model.sha256)


def _fill_for(model: InstalledModel, *, until: float) -> bool:
    """Whether nothing is left to do, or nobody wants it any more. Raises EngineError."""
    size, after = BATCH_MIN, 0
    while chunks := _without_vector(model, size, after=after):
        began, after = time.monotonic(), chunks[-1][0]  # else each batch would pass over all that is done already
        _store(model, _made(model, chunks))
        took_s = time.monotonic() - began
        size = max(BATCH_MIN, min(BATCH_MAX, 2 * size, int(len(chunks) * BATCH_S / max(took_s, 0.001))))
        if not _goes_on(model):
            return True
        if time.monotonic() > until:
            return False
    return True


def _goes_on(model: InstalledModel) -> bool:
    """Whether the model is still wanted; a beat."""
    in_use = InstalledModel.objects.filter(pk=model.pk, is_active=True)
    return Filling.objects.filter(model__in=in_use).update(beat_at=Now()) == 1


def _without_vector(model: InstalledModel, limit: int, *, after: int = 0) -> list[tuple[int, str, str]]:
    """Chunks behind the chunk `after`, with their document's title and their text."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_VECTOR, [after, model.pk, limit])
        rows: list[tuple[int, str, str]] = cursor.fetchall()
    return rows


def _made(model: InstalledModel, chunks: Sequence[tuple[int, str, str]]) -> list[Made]:
    """A text that the model refuses must not hold up the others: then each is tried alone. Raises EngineUnavailable."""
    try:
        made = finding.embed_passages(model, [(title, text) for _, title, text in chunks])
    except EngineUnavailable:
        raise
    except EngineError as error:
        if len(chunks) > 1:
            return [one for chunk in chunks for one in _made(model, [chunk])]
        logger.warning("vectors: %s refuses chunk %s (%s)", model.name, chunks[0][0], error)
        return [Made(chunks[0][0], None)]
    return [Made(chunk, vector, is_cut) for (chunk, *_), vector, is_cut in zip(chunks, made.vectors, made.cut, strict=True)]


@transaction.atomic
def _store(model: InstalledModel, made: Sequence[Made]) -> None:
    texts = [vector_literal(one.vector) if one.vector else None for one in made]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [model.pk, [one.chunk for one in made], texts, [one.is_cut for one in made]])


def vector_literal(vector: Sequence[float]) -> str:
    """pgvector's text form."""
    return f"[{','.join(f'{value:.6g}' for value in vector)}]"
