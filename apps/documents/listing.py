"""What the shelf shows of a workspace: narrowed by words and by state, sorted, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, TextChoices
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.core.keyset import PAGE_ROWS, Page, page_of
from apps.documents.models import Document, DocumentQuerySet, DocumentVersion

QUERY_MAX_CHARS = 200
Status = DocumentVersion.Status


class State(TextChoices):
    """By what a person narrows the shelf."""

    ALL = "", _("All")
    READING = "reading", _("Being read")
    READY = "ready", _("Ready")
    WARNINGS = "warnings", _("With warnings")
    FAILED = "failed", _("Not read")


class Sort(TextChoices):
    """By what the shelf is sorted; a minus sign puts the largest first."""

    NEWEST = "-added", _("Newest first")
    OLDEST = "added", _("Oldest first")
    NAME = "name", _("Name, A to Z")
    NAME_DOWN = "-name", _("Name, Z to A")
    LARGEST = "-size", _("Largest first")
    SMALLEST = "size", _("Smallest first")


_READY = Q(current__status=Status.READY)
IN_STATE = {
    State.ALL: Q(),
    State.READING: Q(current__status__in=DocumentVersion.UNFINISHED),
    State.READY: _READY,
    State.WARNINGS: _READY & ~Q(current__warnings=[]),
    State.FAILED: Q(current__status=Status.FAILED),
}
SORT_KEYS: dict[str, Any] = {"added": F("id"), "name": Lower("name"), "size": F("current__size_bytes")}


@dataclass(frozen=True)
class Wanted:
    """What somebody asks the shelf for; what makes no sense is as if it were not asked."""

    query: str = ""
    state: State = State.ALL
    sort: Sort = Sort.NEWEST

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wanted:
        """From an address or a form: `q`, `state` and `sort`."""
        query = asked.get("q", "").replace("\x00", "")[:QUERY_MAX_CHARS].strip()
        return cls(query, _choice(State, asked.get("state", ""), State.ALL), _choice(Sort, asked.get("sort", ""), Sort.NEWEST))

    @property
    def is_narrowed(self) -> bool:
        """Whether some documents may be left out."""
        return bool(self.query or self.state)

    def among(self, documents: DocumentQuerySet) -> DocumentQuerySet:
        """Those of `documents` that are asked for."""
        return self.named(documents).filter(IN_STATE[self.state])

    def named(self, documents: DocumentQuerySet) -> DocumentQuerySet:
        """Those of `documents` that have the words in their name or title, whatever their state."""
        if not self.query:
            return documents
        return documents.filter(Q(name__icontains=self.query) | Q(title__icontains=self.query))


@dataclass(frozen=True)
class Shelf:
    """A page of the documents that were asked for, how many there are, and how many there would be in each state."""

    wanted: Wanted
    page: Page[Document]
    states: list[tuple[State, int]]

    @property
    def total(self) -> int:
        """How many fit."""
        return dict(self.states)[self.wanted.state]

    @property
    def sorts(self) -> list[Sort]:
        """The ways to sort."""
        return list(Sort)


def shelf_of(documents: DocumentQuerySet, wanted: Wanted, asked: Mapping[str, str]) -> Shelf:
    """The part of `documents` that is wanted, from the row on that `asked` names as `after`, or back from `before`."""
    counts = wanted.named(documents).aggregate(**{state.name: Count("pk", filter=condition) for state, condition in IN_STATE.items()})
    page = page_of(
        wanted.among(documents).select_related("current", "added_by"),
        among=documents,
        by=SORT_KEYS[wanted.sort.removeprefix("-")],
        asked=asked,
        size=PAGE_ROWS,
        is_descending=wanted.sort.startswith("-"),
    )
    return Shelf(wanted, page, [(state, counts[state.name]) for state in State])


def _choice(choices: type[Any], given: str, default: Any) -> Any:
    return choices(given) if given in choices.values else default
