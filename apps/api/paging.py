"""Long lists, page by page, newest first."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

from apps.api.schemas import Paging

M = TypeVar("M", bound=Model)


def page_of(rows: QuerySet[M], paging: Paging) -> tuple[list[M], str | None]:
    """A page of `rows` and the cursor of the next one. Ids sort by time of birth, so nothing is missed or doubled by what comes or goes."""
    if paging.cursor is not None:
        rows = rows.filter(pk__lt=paging.cursor)
    found = list(rows.order_by("-pk")[: paging.limit + 1])
    shown = found[: paging.limit]
    return shown, str(shown[-1].pk) if len(found) > paging.limit else None
