"""The side of every page: workspaces, conversations, documents, me."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django import template
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.chat.models import Conversation
from apps.documents.models import Document
from apps.workspaces.models import Membership, Workspace
from apps.workspaces.page import LAST_WORKSPACE

HISTORY_MAX = 300

register = template.Library()


def day_label(day: date, *, today: date) -> str:
    """The heading under which a conversation of `day` is listed."""
    if day >= today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return _("Last seven days") if day > today - timedelta(days=7) else _("Earlier")


def by_day(conversations: list[Conversation]) -> list[tuple[str, list[Conversation]]]:
    """`conversations`, newest first, under the headings of the person's own days."""
    today = timezone.localdate()
    groups = groupby(conversations, key=lambda one: day_label(timezone.localdate(one.updated_at), today=today))
    return [(label, list(group)) for label, group in groups]


def last_one(workspaces: list[Workspace], pk: str | None) -> Workspace | None:
    """The workspace of this id, else the first one; None where there is none."""
    return next((one for one in workspaces if str(one.pk) == pk), workspaces[0] if workspaces else None)


def history(workspace: Workspace, user: Any, before: str) -> dict[str, object]:
    """The person's talks here, newest first, HISTORY_MAX at a time: those older than the talk `before`, where it names one of theirs."""
    mine = Conversation.objects.visible_to(user).filter(workspace=workspace).order_by("-updated_at", "-pk")
    newest = mine.filter(pk=before).first() if is_uuid(before) else None
    if newest:
        mine = mine.filter(Q(updated_at__lt=newest.updated_at) | Q(updated_at=newest.updated_at, pk__lt=newest.pk))
    talks = list(mine[: HISTORY_MAX + 1])
    older_than = talks[HISTORY_MAX - 1].pk if len(talks) > HISTORY_MAX else None
    return {"conversation_groups": by_day(talks[:HISTORY_MAX]), "older_than": older_than, "is_older": newest is not None}


def is_uuid(text: str) -> bool:
    """Whether `text` can be the id of a row."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def of_workspace(workspace: Workspace, user: Any, before: str) -> dict[str, object]:
    """What the side shows of one workspace: the person's place in it, their talks, how many documents."""
    return {
        **history(workspace, user, before),
        "membership": Membership.objects.filter(workspace=workspace, user=user).first(),
        "document_count": Document.objects.visible_to(user).filter(workspace=workspace).count(),
    }


@register.inclusion_tag("side.html", takes_context=True)
def side(context: template.Context) -> dict[str, object]:
    """The side of this page; a page that belongs to no workspace shows the one where the person was last."""
    request = context["request"]
    known = list(Workspace.objects.in_the_switch_of(request.user).order_by("is_personal", "name"))
    workspaces = [one for one in known if not one.deleted_at]
    workspace = context.get("workspace") or last_one(workspaces, request.session.get(LAST_WORKSPACE))
    shown: dict[str, object] = {
        "user": request.user,
        "workspace": workspace,
        "workspaces": [one for one in workspaces if not one.archived_at],
        "archived": [one for one in workspaces if one.archived_at],
        "has_deleted": len(workspaces) < len(known),
        "conversation": context.get("conversation"),
        "here": request.resolver_match.url_name if request.resolver_match else "",
        "path": request.get_full_path(),
    }
    return shown | (of_workspace(workspace, request.user, request.GET.get("talks_before", "")) if workspace else {})
