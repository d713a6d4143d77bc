"""What search needs, written and removed together: chunks, their terms, the workspace's vocabulary and its counts.

Only workers do this, as a large file takes a minute. Locks are taken in one order, document before index: the vocabulary changes
under the lock of the workspace's index row, last and briefly (what can be computed is computed before), so two files of one workspace
are analysed side by side and never wait for each other in a circle. The document's lock is not that of its row, which people's requests
need meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from uuid import UUID

from django.db import connection, transaction

from apps.core.text.terms import terms
from apps.documents.chunking import Piece
from apps.documents.models import Chunk, Document, DocumentVersion, Vocabulary, WorkspaceIndex
from apps.documents.postings import near_hashes, salted, sparse_literal
from apps.documents.ranking import chunk_weights
from apps.workspaces.models import Workspace

BATCH_PIECES = 500  # a file of 100 MB has 110,000: their terms are not held in memory at once

# The limits of requests are seconds. Whoever waits here waits for another file of the same workspace.
_BE_PATIENT = "SET LOCAL lock_timeout = '10min'; SET LOCAL statement_timeout = '10min'"
_LOCK_CHUNKS = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_DELETE_CHUNKS = "DELETE FROM documents_chunk WHERE document_id = %s"  # by the ORM each chunk would be loaded, text and all
_HIDE_CHUNKS = """
    DELETE FROM documents_chunkterms AS hidden USING documents_chunk AS chunk
    WHERE chunk.id = hidden.chunk_id AND chunk.document_id = ANY(%s)
"""
_HIDE_VECTORS = """
    DELETE FROM documents_chunkvector AS hidden USING documents_chunk AS chunk
    WHERE chunk.id = hidden.chunk_id AND chunk.document_id = ANY(%s)
"""
_COPY_TERMS = "COPY documents_chunkterms (chunk_id, workspace_id, w, terms) FROM STDIN"
_COPY_VOCABULARY = "COPY documents_vocabulary (workspace_id, term, df, near) FROM STDIN"
_KNOWN = "SELECT term FROM documents_vocabulary WHERE workspace_id = %s AND term = ANY(%s)"
_CHANGE_KNOWN = """
    UPDATE documents_vocabulary AS known SET df = known.df + change.df
    FROM unnest(%s::text[], %s::int[]) AS change (term, df)
    WHERE known.workspace_id = %s AND known.term = change.term
    RETURNING known.term
"""


@transaction.atomic
def replace_chunks(*, version: DocumentVersion, pieces: Iterable[Piece], labels: Mapping[int, str]) -> int:
    """Make `pieces` all that search finds of the version's document, and return how many they are.

    `labels` name the version's places; its `language` must be known, as it is what the terms are made by.
    """
    document = version.document
    _lock_chunks(document.pk)
    df_changes, languages, removed = _delete_chunks(document)
    waiting = iter(pieces)
    added = 0
    while batch := list(islice(waiting, BATCH_PIECES)):
        df_changes.update(_insert_terms(_insert_chunks(version, batch, labels, first_ordinal=added), version.language))
        added += len(batch)
    if added:
        languages[version.language] += 1
    _change_index(document.workspace, df_changes, languages, chunks=added - removed)
    return added


@transaction.atomic
def hide_chunks(*, documents: Sequence[UUID]) -> None:
    """Take documents out of search, at once for everybody when the surrounding transaction commits; `forget_chunks` does the rest."""
    with connection.cursor() as cursor:
        cursor.execute(_HIDE_CHUNKS, [list(documents)])
        cursor.execute(_HIDE_VECTORS, [list(documents)])  # second: who makes vectors holds the terms of their chunks meanwhile


@transaction.atomic
def forget_chunks(*, pk: UUID) -> None:
    """Remove the chunks of the removed document `pk` and what was counted of them; nothing where it is back, or gone."""
    _lock_chunks(pk)
    document = Document.objects.exclude(deleted_at=None).filter(pk=pk).first()
    if document is None:
        return
    df_changes, languages, removed = _delete_chunks(document)
    if removed:
        _change_index(document.workspace, df_changes, languages, chunks=-removed)


def _lock_chunks(pk: UUID) -> None:
    """Until the transaction ends the chunks of document `pk` are ours alone to change."""
    with connection.cursor() as cursor:
        cursor.execute(_BE_PATIENT)
        cursor.execute(_LOCK_CHUNKS, [f"chunks/{pk}"])


def _delete_chunks(document: Document) -> tuple[Counter[str], Counter[str], int]:
    """The changes of df and of documents by language, negative, and how many chunks went."""
    df_changes: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    removed = 0
    chunks = Chunk.objects.filter(document=document)
    if not chunks.exists():
        return df_changes, languages, removed
    for text, language in chunks.values_list("text", "version__language").iterator():
        df_changes.subtract(set(terms(text, language)))
        languages[language] = -1
        removed += 1
    hide_chunks(documents=[document.pk])
    with connection.cursor() as cursor:
        cursor.execute(_DELETE_CHUNKS, [document.pk])
    return df_changes, languages, removed


def _insert_chunks(version: DocumentVersion, pieces: Sequence[Piece], labels: Mapping[int, str], *, first_ordinal: int) -> list[Chunk]:
    return Chunk.objects.bulk_create(
        Chunk(
            workspace_id=version.workspace_id,
            document_id=version.document_id,
            version=version,
            ordinal=ordinal,
            page=piece.place_number,
            place=labels.get(piece.place_number, "")[:300],
            start=piece.start,
            end=piece.end,
            text=piece.text,
        )
        for ordinal, piece in enumerate(pieces, first_ordinal)
    )


def _insert_terms(chunks: Sequence[Chunk], language: str) -> Counter[str]:
    """Store the terms of new chunks and return in how many of them each stands."""
    df: Counter[str] = Counter()
    with connection.cursor() as cursor, cursor.copy(_COPY_TERMS) as copy:
        for chunk in chunks:
            weights = chunk_weights(terms(chunk.text, language))
            hashes = sorted({salted(chunk.workspace_id, term) for term in weights})
            copy.write_row((chunk.pk, chunk.workspace_id, sparse_literal(weights), hashes))
            df.update(weights.keys())
    return df


def _change_index(workspace: Workspace, df_changes: Mapping[str, int], languages: Counter[str], *, chunks: int) -> None:
    WorkspaceIndex.objects.bulk_create([WorkspaceIndex(workspace=workspace)], ignore_conflicts=True)
    changes = {term: change for term, change in df_changes.items() if change}
    near = _near_of_new(workspace, changes)
    index = WorkspaceIndex.objects.select_for_update().get(workspace=workspace)
    index.chunks += chunks
    counted = Counter(index.languages)
    counted.update(languages)
    index.languages = {language: documents for language, documents in counted.items() if documents > 0}
    index.save(update_fields=["chunks", "languages"])
    _change_vocabulary(workspace, changes, near)


def _near_of_new(workspace: Workspace, changes: Mapping[str, int]) -> dict[str, list[int]]:
    """The near spellings of those terms that the workspace does not know yet; nearly all that have to be added under the lock."""
    added = [term for term, change in changes.items() if change > 0]
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [workspace.pk, added])
        known = {term for (term,) in cursor.fetchall()}
    return {term: near_hashes(workspace.pk, term) for term in added if term not in known}


def _change_vocabulary(workspace: Workspace, changes: Mapping[str, int], near: Mapping[str, list[int]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_CHANGE_KNOWN, [list(changes), list(changes.values()), workspace.pk])
        known = {term for (term,) in cursor.fetchall()}
        new = [(term, change) for term, change in changes.items() if change > 0 and term not in known]
        with cursor.copy(_COPY_VOCABULARY) as copy:
            for term, change in new:
                copy.write_row((workspace.pk, term, change, near[term] if term in near else near_hashes(workspace.pk, term)))
    if gone := [term for term, change in changes.items() if change < 0]:
        Vocabulary.objects.filter(workspace=workspace, term__in=gone, df__lte=0).delete()
