"""When a workspace was last used: a time only, for administrators who see none of its conversations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from apps.chat.models import Conversation


def last_asked(workspaces: Collection[UUID]) -> dict[UUID, datetime]:
    """When somebody last asked in each of these workspaces in which somebody did."""
    return dict(Conversation.objects.filter(workspace__in=workspaces).values_list("workspace").annotate(Max("updated_at")))
