"""What was done, by whom, to what: rows that are only ever added."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.core.ids import uuid7


class Event(models.Model):
    """One thing that happened. `workspace` and `target` are ids, not keys: the record outlives what it speaks of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=60)
    workspace = models.UUIDField(null=True)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-at"], name="event_workspace_at")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.target}"
