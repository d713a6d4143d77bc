"""What the embedder and the reranker in use say to a question; nothing, and a note of it, where they do not answer in time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from django.db.models import F, QuerySet, Subquery

from apps.core.database import give_connection_back
from apps.documents.models import WorkspaceIndex
from apps.inference import finding
from apps.inference.engines.base import EngineError
from apps.inference.engines.vectors import Vector
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace

logger = logging.getLogger(__name__)
T = TypeVar("T")
RESTS_S = 30.0  # whoever did not answer in time is not asked for so long: nobody else has to wait for it
WORDS_ALONE, NOT_IN_ORDER = "words_alone", "not_reranked"
Role = InstalledModel.Role
_resting: dict[UUID, float] = {}


@dataclass(slots=True)
class Finders:
    """The models that help to find passages, and notes of what they did not do."""

    embedder: InstalledModel | None = None
    reranker: InstalledModel | None = None
    notes: list[str] = field(default_factory=list)

    def place_of(self, question: str) -> Vector | None:
        """Where the question stands among the vectors; None where nobody says."""
        embedder = self.embedder
        if embedder is None or not question.strip():
            return None
        return self._asked(embedder, WORDS_ALONE, lambda: finding.embed_question(embedder, question))

    def scores_of(self, question: str, texts: Sequence[str]) -> list[float] | None:
        """How well each text answers; None where nobody says."""
        reranker = self.reranker
        if reranker is None or not texts:
            return None
        return self._asked(reranker, NOT_IN_ORDER, lambda: finding.rerank(reranker, question, texts))

    def _asked(self, model: InstalledModel, note: str, ask: Callable[[], T]) -> T | None:
        if _resting.get(model.pk, 0.0) < time.monotonic():
            give_connection_back()
            try:
                return ask()
            except EngineError as error:
                logger.warning("search: goes on without %s (%s)", model.name, error)
                _resting[model.pk] = time.monotonic() + RESTS_S
        self.notes.append(note)
        return None


def index_of(workspace: Workspace) -> WorkspaceIndex | None:
    """The workspace's index, with the ids of the finders in use. One query: without finders a search costs no other."""
    finders = {"embedder": _in_use(Role.EMBED).filter(filling__sha256=F("sha256")), "reranker": _in_use(Role.RERANK)}
    ids = {name: Subquery(rows.values("pk")[:1]) for name, rows in finders.items()}
    return WorkspaceIndex.objects.filter(workspace=workspace).annotate(**ids).first()


def finders_of(index: WorkspaceIndex) -> Finders:
    """The rows behind the ids; no query where there is none."""
    ids = [pk for pk in (getattr(index, "embedder", None), getattr(index, "reranker", None)) if pk]
    if not ids:
        return Finders()
    by_role = {model.role: model for model in InstalledModel.objects.filter(pk__in=ids)}
    return Finders(by_role.get(Role.EMBED), by_role.get(Role.RERANK))


def _in_use(role: str) -> QuerySet[InstalledModel]:
    return InstalledModel.objects.filter(role=role, is_active=True)
