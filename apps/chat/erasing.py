"""Erase what was said in a workspace whose time for undo is over, a bounded part at a time."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.chat.models import Conversation, Generation, Message
from apps.chat.stream import PARTS, state_key
from apps.core import live
from apps.workspaces import lifecycle

BATCH = 200


@transaction.atomic
def erase_some(workspace: UUID) -> bool:
    """Erase some messages with all that hangs on them, then the conversations; False if there is nothing left.

    Raises NotFound, and RedisError where the streams cannot be reached.
    """
    lifecycle.hold_due(workspace)
    # The newest first: a message goes with those that answer it, and there are none left that would.
    messages = Message.objects.filter(conversation__workspace=workspace).order_by("conversation", "-sequence")
    if batch := list(messages.values_list("pk", flat=True)[:BATCH]):
        _forget_streams(batch)
        Message.objects.filter(pk__in=batch).delete()
        return True
    talks = list(Conversation.objects.filter(workspace=workspace).values_list("pk", flat=True)[:BATCH])
    Conversation.objects.filter(pk__in=talks).delete()
    return bool(talks)


def _forget_streams(messages: list[UUID]) -> None:
    """Before their rows go, which name them: what fails here is tried again."""
    runs = Generation.objects.filter(answer__in=messages).values_list("pk", "attempt")
    keys = [state_key(run, attempt, part) for run, last in runs for attempt in range(1, last + 1) for part in PARTS]
    if keys:
        live.client().delete(*keys)
