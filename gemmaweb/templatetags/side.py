"""The side of every page: workspaces, conversations, documents, me."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.chat.models import Conversation
from apps.documents.models import Document
from apps.workspaces.models import Membership, Workspace

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


def last_one(workspaces: list[Workspace], slug: str | None) -> Workspace | None:
    """The workspace of this slug, else the first one; None where there is none."""
    return next((one for one in workspaces if one.slug == slug), workspaces[0] if workspaces else None)


def of_workspace(workspace: Workspace, user: Any) -> dict[str, object]:
    """What the side shows of one workspace: the person's place in it, their talks, how many documents."""
    conversations = Conversation.objects.visible_to(user).filter(workspace=workspace).order_by("-updated_at", "-pk")
    return {
        "membership": Membership.objects.filter(workspace=workspace, user=user).first(),
        "conversation_groups": by_day(list(conversations[:HISTORY_MAX])),
        "document_count": Document.objects.visible_to(user).filter(workspace=workspace).count(),
    }


@register.inclusion_tag("side.html", takes_context=True)
def side(context: template.Context) -> dict[str, object]:
    """The side of this page; a page that belongs to no workspace shows the one where the person was last."""
    request = context["request"]
    workspaces = list(Workspace.objects.visible_to(request.user).order_by("is_personal", "name"))
    workspace = context.get("workspace") or last_one(workspaces, request.session.get("workspace"))
    shown: dict[str, object] = {
        "user": request.user,
        "workspace": workspace,
        "workspaces": workspaces,
        "conversation": context.get("conversation"),
        "here": request.resolver_match.url_name if request.resolver_match else "",
    }
    return shown | (of_workspace(workspace, request.user) if workspace else {})
