"""The row of a conversation's summary."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.ids import uuid7


class SummaryQuerySet(models.QuerySet["Summary"]):
    def waiting(self) -> SummaryQuerySet:
        """Those that are wanted of conversations that are there, the oldest first."""
        there = self.filter(conversation__deleted_at=None, conversation__workspace__deleted_at=None)
        return there.filter(state=Summary.State.WANTED).order_by("pk")


class Summary(models.Model):
    """What was said in a conversation up to message `upto`, in a few sentences of `engine`; `text` is empty as long as there is none.

    `wanted_upto` is how far it should go. `attempt` numbers what was begun or wanted anew, so that a late writer is silent. It goes
    with its conversation.
    """

    class State(models.TextChoices):
        WANTED = "wanted", _("waits")
        RUNNING = "running", _("is being written")
        DONE = "done", _("written")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.OneToOneField("chat.Conversation", on_delete=models.CASCADE, related_name="summary")
    text = models.TextField(blank=True)
    engine = models.CharField(max_length=100, blank=True)
    upto = models.PositiveIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0, help_text="How many messages it stands for.")
    wanted_upto = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WANTED)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0, help_text="How many workers have died over it.")
    beat_at = models.DateTimeField(null=True)

    objects = SummaryQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["id"], name="summary_waiting", condition=models.Q(state__in=["wanted", "running"]))]

    def __str__(self) -> str:
        return f"summary of {self.conversation_id} up to {self.upto}"
