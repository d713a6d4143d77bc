"""What an administrator sees of workspaces that are not theirs: their names, their people, and numbers from all apps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.chat.figures import last_asked
from apps.core.keyset import Page, page_of
from apps.documents.figures import document_counts, file_sizes
from apps.workspaces.models import Membership, Role, Workspace, WorkspaceQuerySet


class Kind(models.TextChoices):
    """By what the list of workspaces can be narrowed."""

    TEAMS = "", _("Teams")
    ORPHANS = "orphans", _("Without an owner")
    ARCHIVED = "archived", _("Archived")
    PERSONAL = "personal", _("Personal")


@dataclass(frozen=True)
class Row:
    """A workspace and its figures."""

    workspace: Workspace
    people: int
    documents: int
    size_bytes: int
    last_used_at: datetime | None
    has_owner: bool


@dataclass(frozen=True)
class Found:
    """A page of workspaces, how many fit what was sought, and how many there are of each kind."""

    page: Page[Workspace]
    rows: list[Row]
    total: int
    kinds: list[tuple[Kind, int]]


def kind_of(text: str) -> Kind:
    """The kind of this name; TEAMS for anything that is none."""
    return Kind(text) if text in Kind.values else Kind.TEAMS


def all_workspaces() -> WorkspaceQuerySet:
    """Every workspace that is not deleted, with `has_owner`: whether an owner of it can sign in. For administrators."""
    owners = Membership.objects.filter(workspace=OuterRef("pk"), role=Role.OWNER, user__is_active=True)
    return Workspace.objects.filter(deleted_at=None).annotate(has_owner=Exists(owners))


def find_workspaces(query: str, kind: Kind, *, asked: Mapping[str, str]) -> Found:
    """The page of workspaces that `asked` names among those that fit; seven queries, however many there are."""
    everything = all_workspaces()
    fitting = everything.filter(Q(name__icontains=query) | Q(slug__icontains=query)) if query else everything
    of_kind = {
        Kind.TEAMS: Q(is_personal=False),
        Kind.ORPHANS: Q(is_personal=False, has_owner=False),
        Kind.ARCHIVED: Q(is_personal=False, archived_at__isnull=False),
        Kind.PERSONAL: Q(is_personal=True),
    }
    counts = fitting.aggregate(**{one.name: Count("pk", filter=of_kind[one]) for one in Kind})
    page = page_of(fitting.filter(of_kind[kind]), among=everything, by=Lower("name"), asked=asked)
    return Found(page, rows_of(page.rows), counts[kind.name], [(one, counts[one.name]) for one in Kind])


def rows_of(workspaces: list[Workspace]) -> list[Row]:
    """The figures of workspaces out of `all_workspaces`: four queries for any number of them."""
    ids = [workspace.pk for workspace in workspaces]
    people: dict[UUID, int] = dict(Membership.objects.filter(workspace__in=ids).values_list("workspace").annotate(Count("pk")))
    documents, sizes, used = document_counts(ids), file_sizes(ids), last_asked(ids)
    return [
        Row(
            workspace=one,
            people=people.get(one.pk, 0),
            documents=documents.get(one.pk, 0),
            size_bytes=sizes.get(one.pk, 0),
            last_used_at=used.get(one.pk),
            has_owner=one.has_owner,  # type: ignore[attr-defined]  # annotated
        )
        for one in workspaces
    ]
