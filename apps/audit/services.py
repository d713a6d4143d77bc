"""Write to the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from apps.audit.models import Event


def record(action: str, *, actor: Any = None, workspace: UUID | None = None, target: object = "", **details: Any) -> Event:
    """Add one event, in the caller's transaction: what is rolled back was not done. Never texts, names of files or keys in `details`."""
    return Event.objects.create(action=action, actor=actor, workspace=workspace, target=str(target), details=details)


def record_each(action: str, *, actor: Any = None, workspace: UUID | None = None, targets: Iterable[object], **details: Any) -> None:
    """Add one event for each of `targets`, in one query."""
    Event.objects.bulk_create(
        Event(action=action, actor=actor, workspace=workspace, target=str(target), details=details) for target in targets
    )
