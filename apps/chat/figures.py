"""When a workspace was last used: a time only, for administrators who see none of its conversations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from apps.chat.models import Conversation
from apps.workspaces.models import ApiKey


def last_asked(workspaces: Collection[UUID]) -> dict[UUID, datetime]:
    """When somebody, or a program with a key, last asked in each of these workspaces in which that happened.

    What programs ask is erased soon: of them the keys tell.
    """
    asked = Conversation.objects.filter(workspace__in=workspaces).values_list("workspace").annotate(Max("updated_at"))
    used = ApiKey.objects.filter(workspace__in=workspaces).exclude(last_used_at=None).values_list("workspace").annotate(Max("last_used_at"))
    latest: dict[UUID, datetime] = {}
    for workspace, time in [*asked, *used]:
        latest[workspace] = max(time, latest.get(workspace, time))
    return latest
