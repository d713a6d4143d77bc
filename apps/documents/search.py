"""The passages of a workspace that answer a question best: by its words, and by its meaning where an embedder is in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from apps.core.text.languages import UNKNOWN, question_language
from apps.core.text.terms import QuestionWord, question_words
from apps.documents.fusion import fused
from apps.documents.meaning import Finders, finders_of, index_of
from apps.documents.models import Vocabulary
from apps.documents.postings import distance, mistakes_allowed, near_hashes, salted, sparse_literal
from apps.documents.ranking import Candidate, Question, idf, second_look
from apps.documents.vectors import vector_literal
from apps.inference.engines.vectors import Vector
from apps.workspaces.models import Workspace

CANDIDATES = 50  # 100 find no more, 30 lose a thousandth
CORRECTIONS = 3
# Below it the planner would filter `terms` row by row, which costs more than the whole scan.
TERMS_INDEX_FROM_CHUNKS = 10_000
RAREST_TERMS_DF = 20_000
RAREST_TERMS_MIN = 2
RERANKED = 20

_BEST_CHUNKS = """
    SELECT chunk.id, chunk.document_id, document.name, document.title, chunk.page, chunk.place, chunk.start, chunk."end", chunk.text,
           version.language, best.score, NULL AS nearness
    FROM (
        SELECT chunk_id, -(w <#> %(question)s::sparsevec) AS score
        FROM documents_chunkterms
        WHERE workspace_id = %(workspace)s
        ORDER BY w <#> %(question)s::sparsevec
        LIMIT %(candidates)s
    ) AS best
    JOIN documents_chunk AS chunk ON chunk.id = best.chunk_id
    JOIN documents_document AS document ON document.id = chunk.document_id
    JOIN documents_documentversion AS version ON version.id = chunk.version_id
    WHERE best.score > 0
    ORDER BY best.score DESC, chunk.id
"""
# The + 0 keeps an index on vectors out of it, which would lose some: in one workspace the exact scan is quick.
_BEST_OF_BOTH = """
    SELECT chunk.id, chunk.document_id, document.name, document.title, chunk.page, chunk.place, chunk.start, chunk."end", chunk.text,
           version.language, -(terms.w <#> %(question)s::sparsevec) AS score, 1 - (vector.embedding <=> %(vector)s::halfvec) AS nearness
    FROM (
        SELECT chunk_id FROM (
            SELECT chunk_id, -(w <#> %(question)s::sparsevec) AS score
            FROM documents_chunkterms
            WHERE workspace_id = %(workspace)s
            ORDER BY w <#> %(question)s::sparsevec
            LIMIT %(candidates)s
        ) AS by_words WHERE score > 0
        UNION
        SELECT chunk_id FROM (
            SELECT chunk_id
            FROM documents_chunkvector
            WHERE workspace_id = %(here)s AND model_id = %(model)s AND embedding IS NOT NULL
            ORDER BY (embedding <=> %(vector)s::halfvec) + 0
            LIMIT %(candidates)s
        ) AS by_meaning
    ) AS best
    JOIN documents_chunkterms AS terms ON terms.chunk_id = best.chunk_id
    JOIN documents_chunk AS chunk ON chunk.id = best.chunk_id
    JOIN documents_document AS document ON document.id = chunk.document_id
    JOIN documents_documentversion AS version ON version.id = chunk.version_id
    LEFT JOIN documents_chunkvector AS vector ON vector.chunk_id = best.chunk_id AND vector.model_id = %(model)s
    ORDER BY score DESC, chunk.id
"""
_AMONG_THE_RAREST = ("%(workspace)s", "%(workspace)s AND terms && %(rarest)s::int[]")


class Hit(NamedTuple):
    """A passage found: characters `start` to `end` of page `page`, with the score of the last look at it."""

    chunk: int
    document_id: UUID
    document_name: str
    title: str
    page: int
    place: str
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, and what an answer needs to judge them.

    `weights` are what share of the question each of its terms carries by its idf in this workspace, words that stand
    nowhere included in the whole; `relevance` is the best hit's share of the highest score that the question could
    reach (0..1), kept raw: no threshold fits every workspace. `notes` say which model did not answer.
    """

    hits: list[Hit] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    relevance: float = 0.0
    language: str = UNKNOWN
    notes: tuple[str, ...] = ()


def find_passages(workspace: Workspace, question: str, limit: int) -> Found:
    """Up to `limit` passages of `workspace`, in four queries however many files there are; five where a model helps.

    The calling thread waits for that model, some seconds at most.
    """
    index = index_of(workspace)
    spoken = _by_documents(index.languages) if index else []
    language = question_language(question, spoken)
    words = question_words(question, language=language, spoken=spoken)
    if index is None or not index.chunks:
        return Found(language=language)
    finders = finders_of(index)
    place = finders.place_of(question)
    if not words and place is None:
        return Found(language=language, notes=tuple(finders.notes))
    known, df = _looked_up(workspace, words)
    asked = Question(known, {term: idf(count, index.chunks) for term, count in df.items()}, unknown_idf=idf(0, index.chunks))
    rows = _best_chunks(workspace, asked.idf, df, index.chunks, finders, place)
    found = replace(_ranked(asked, rows), weights=_shares(asked), language=language)
    hits = _reranked(finders, question, found.hits)
    return replace(found, hits=hits[:limit], notes=tuple(finders.notes))


def _ranked(asked: Question, rows: list[tuple[Any, ...]]) -> Found:
    """The hits, best first, with the raw score of the best by words."""
    if not rows:
        return Found()
    look = second_look(asked, [Candidate(row[8], row[9], row[10]) for row in rows])
    nearness = [row[11] if row[11] is not None and isfinite(row[11]) else None for row in rows]
    scores = look.scores if nearness == [None] * len(rows) else fused(look.scores, nearness)
    hits = [Hit._make((*row[:9], score)) for row, score in zip(rows, scores, strict=True)]
    return Found(
        sorted(hits, key=lambda hit: (-hit.score, hit.chunk)),
        relevance=max(look.scores) / look.possible if look.possible else 0.0,
    )


def _reranked(finders: Finders, question: str, hits: list[Hit]) -> list[Hit]:
    """The best hits in the reranker's order and with its scores, the others behind them; as they are where there is none."""
    scores = finders.scores_of(question, [hit.text for hit in hits[:RERANKED]])
    if scores is None:
        return hits
    best = [hit._replace(score=score) for hit, score in zip(hits, scores, strict=False)]
    rest = [hit._replace(score=min(scores) - place) for place, hit in enumerate(hits[RERANKED:], start=1)]
    return sorted(best, key=lambda hit: (-hit.score, hit.chunk)) + rest


def _shares(asked: Question) -> dict[str, float]:
    whole = sum(asked.best_idf(word) for word in asked.words)
    return {term: weight / whole for term, weight in asked.idf.items()}


def _by_documents(languages: Mapping[str, int]) -> list[str]:
    return sorted(languages, key=lambda language: (-languages[language], language))


def _looked_up(workspace: Workspace, words: Sequence[QuestionWord]) -> tuple[list[QuestionWord], dict[str, int]]:
    """The words and the df of their terms; a word that the workspace does not know also stands under its nearest spellings."""
    variants = {term for word in words for term in word.variants}
    df = dict(Vocabulary.objects.filter(workspace=workspace, term__in=variants).values_list("term", "df"))
    nearest = _nearest_spellings(workspace, [word for word in words if df.keys().isdisjoint(word.variants)])
    for spellings in nearest.values():
        df |= spellings
    return [word._replace(variants=(*word.variants, *nearest.get(word.text, ()))) for word in words], df


def _nearest_spellings(workspace: Workspace, unknown: Iterable[QuestionWord]) -> dict[str, dict[str, int]]:
    """For each unknown word the terms that it may be a slip of, closest and most frequent first, with their df."""
    near = {word: {number for term in word.variants for number in near_hashes(workspace.pk, term)} for word in unknown}
    wanted = list(set().union(*near.values()))
    if not wanted:
        return {}
    known = Vocabulary.objects.filter(workspace=workspace, near__overlap=wanted).values_list("term", "df", "near")
    spellings = {}
    for word, hashes in near.items():
        distances = {(term, df): _mistakes(word, term) for term, df, theirs in known if not hashes.isdisjoint(theirs)}
        allowed = [pair for pair in distances if distances[pair] <= mistakes_allowed(word.text)]
        spellings[word.text] = dict(sorted(allowed, key=lambda pair: (distances[pair], -pair[1], pair[0]))[:CORRECTIONS])
    return spellings


def _mistakes(word: QuestionWord, term: str) -> int:
    return min(distance(variant, term) for variant in word.variants)


def _best_chunks(
    workspace: Workspace, weights: Mapping[str, float], df: Mapping[str, int], chunks: int, finders: Finders, place: Vector | None
) -> list[tuple[Any, ...]]:
    """The candidates of the first stage: BM25 as the inner product of two sparse vectors, and the nearest by meaning."""
    if not weights and place is None:
        return []
    parameters: dict[str, Any] = {"workspace": workspace.pk, "question": sparse_literal(weights), "candidates": CANDIDATES}
    query = _BEST_CHUNKS
    if place is not None and finders.embedder:
        query = _BEST_OF_BOTH
        parameters |= {"here": workspace.pk, "model": finders.embedder.pk, "vector": vector_literal(place)}
    if chunks >= TERMS_INDEX_FROM_CHUNKS:
        query = query.replace(*_AMONG_THE_RAREST)
        parameters["rarest"] = [salted(workspace.pk, term) for term in _rarest(df)]
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _rarest(df: Mapping[str, int]) -> list[str]:
    """The terms that say most, until the chunks they stand in are enough to look at."""
    rarest: list[str] = []
    looked_at = 0
    for term in sorted(df, key=df.__getitem__):
        if looked_at >= RAREST_TERMS_DF and len(rarest) >= RAREST_TERMS_MIN:
            break
        rarest.append(term)
        looked_at += df[term]
    return rarest
