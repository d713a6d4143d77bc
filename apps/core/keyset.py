"""Long lists for people, page by page: a page begins after a row, not after a number of rows, so the last one is as quick as the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
PAGE_ROWS = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """Some rows of a list; `before` and `after` are the cursors of its neighbours, empty where there is none."""

    rows: list[M]
    before: str = ""
    after: str = ""


def page_of(
    rows: QuerySet[M], *, among: QuerySet[M], by: Any, asked: Mapping[str, str], size: int = PAGE_ROWS, is_descending: bool = False
) -> Page[M]:
    """The page of `rows`, sorted by the expression `by` and then by id, that `asked` names: `after` or `before` the row of this id.

    With `is_descending` the largest comes first. `among` is the list before it was searched: a row that no longer fits the search still
    tells where to go on. A cursor that names none of these leads to the first page.
    """
    sorted_rows = rows.alias(sort_key=by)
    backwards = "before" in asked and "after" not in asked
    cursor = _row_at(among, by, asked.get("before" if backwards else "after", ""))
    upwards, downwards = ("gt", ["sort_key", "pk"]), ("lt", ["-sort_key", "-pk"])
    (onwards, order), (back, backward_order) = (downwards, upwards) if is_descending else (upwards, downwards)
    forwards = sorted_rows.order_by(*order)
    if cursor and backwards:
        found = list(sorted_rows.filter(_beyond(cursor, back)).order_by(*backward_order)[: size + 1])
        if found:
            return _page(found[:size][::-1], has_before=len(found) > size, has_after=True)
    elif cursor:
        found = list(forwards.filter(_beyond(cursor, onwards))[: size + 1])
        if found:
            return _page(found[:size], has_before=True, has_after=len(found) > size)
    found = list(forwards[: size + 1])
    return _page(found[:size], has_before=False, has_after=len(found) > size)


def uuid_of(text: str) -> UUID | None:
    """The id that `text` is; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _page(shown: list[M], *, has_before: bool, has_after: bool) -> Page[M]:
    return Page(shown, str(shown[0].pk) if has_before else "", str(shown[-1].pk) if has_after else "")


def _row_at(rows: QuerySet[M], by: Any, cursor: str) -> tuple[Any, UUID] | None:
    pk = uuid_of(cursor)
    key = pk and rows.order_by().filter(pk=pk).values_list(by, flat=True).first()
    return None if key is None or pk is None else (key, pk)


def _beyond(cursor: tuple[Any, UUID], side: str) -> Q:
    """Rows on this side of the cursor. The first condition says nothing new, but by it the index finds where to begin."""
    key, pk = cursor
    return Q(**{f"sort_key__{side}e": key}) & (Q(**{f"sort_key__{side}": key}) | Q(**{f"pk__{side}": pk}))
