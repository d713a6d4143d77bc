"""Conversations, what was said in them, and the runs that make the answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Max, Q, Window
from django.db.models.functions import Now, RowNumber
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.chat.summary_rows import Summary
from apps.core.ids import uuid7
from apps.documents.models import Document, DocumentVersion
from apps.workspaces.models import Workspace

__all__ = ["Citation", "Conversation", "Generation", "Message", "Summary"]

ERROR_SENTENCES = {
    "engine_failed": _("The model broke off twice. What it had written is kept. Ask again, or tell an administrator."),
    "engine_unavailable": _("The model could not be started again. What it had written is kept. Ask again in a minute."),
    "engine_stalled": _("The model wrote nothing for two minutes and was stopped. What it had written is kept. Ask again."),
    "prompt_too_long": _("The question and what belongs to it are too long for this model. Ask in a new conversation, or ask shorter."),
    "request_refused": _("The model cannot do what was asked: its messages, images, tools or form of answer do not fit this model."),
    "worker_lost": _("The process that answered ended twice. What was written is kept. Ask again, or tell an administrator."),
    "internal": _("Something went wrong while this was answered. What was written is kept. Ask again."),
}


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User) -> ConversationQuerySet:
        """The person's own conversations in workspaces that they still belong to; deleted ones and those of programs left out."""
        return self.filter(author=user, workspace__in=Workspace.objects.visible_to(user), deleted_at=None, is_program=False)

    def of_programs(self, user: User) -> ConversationQuerySet:
        """What the person's programs asked by the OpenAI API, in workspaces that the person still belongs to."""
        return self.filter(author=user, workspace__in=Workspace.objects.visible_to(user), is_program=True)


class Conversation(models.Model):
    """A talk between one person and the model. `audience` is its author alone until sharing comes.

    `is_program` marks one request of a program by the OpenAI API: no page shows it, and it is erased after an hour.
    """

    class Audience(models.TextChoices):
        AUTHOR = "author", _("Only me")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="conversations")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.AUTHOR)
    title = models.CharField(max_length=200, blank=True)
    chosen_model = models.UUIDField(null=True, help_text="The model that answers here; null for the workspace's. No foreign key, as there.")
    next_sequence = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)
    is_program = models.BooleanField(default=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "author", "-updated_at"], name="conversation_recent"),
            models.Index(fields=["updated_at"], name="conversation_programs", condition=Q(is_program=True)),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> MessageQuerySet:
        """Messages of the conversations that `user` may read."""
        return self.filter(conversation__in=Conversation.objects.visible_to(user))


class Message(models.Model):
    """A question or an answer. An answer's text stays empty until its run has ended; then it never changes."""

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    sequence = models.PositiveIntegerField()
    role = models.CharField(max_length=10, choices=Role.choices)
    text = models.TextField(blank=True)
    thinking = models.TextField(blank=True)
    html = models.TextField(blank=True, help_text="The answer as it was shown: its blocks, rendered and sanitised once.")
    engine = models.CharField(max_length=100, blank=True)
    tokens = models.PositiveIntegerField(default=0)
    tokens_per_s = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "sequence"], name="message_sequence_once")]

    def __str__(self) -> str:
        return f"{self.role} {self.sequence} in {self.conversation_id}"

    @property
    def status(self) -> str:
        """Of an answer queued, running, done, stopped or failed; a question is done. Read it with select_related("run")."""
        if self.role == self.Role.USER:
            return Generation.Status.DONE
        return Generation.Status.RUNNING if self.run.status == Generation.Status.STOPPING else self.run.status

    @property
    def shown_text(self) -> str:
        """The text as far as it goes: while an answer is written it is its run's."""
        return self.text if self.role == self.Role.USER or self.run.has_ended else self.run.text


class GenerationQuerySet(models.QuerySet["Generation"]):
    def visible_to(self, user: User) -> GenerationQuerySet:
        """Runs in conversations that `user` may read: the only door for views and sockets."""
        return self.filter(conversation__in=Conversation.objects.visible_to(user))

    def of_programs(self, user: User) -> GenerationQuerySet:
        """Runs that the person's programs asked for by the OpenAI API: its only door."""
        return self.filter(conversation__in=Conversation.objects.of_programs(user))

    def active(self) -> GenerationQuerySet:
        """Those that have not ended."""
        return self.filter(status__in=Generation.ACTIVE)

    def waiting(self) -> GenerationQuerySet:
        """Those that wait, the next one first: by lane, each person's first before anybody's second, then who was served longest ago."""
        served = Generation.objects.filter(asked_by=models.OuterRef("asked_by"), started_at__isnull=False).order_by().values("asked_by")
        turn = Window(RowNumber(), partition_by=[F("lane"), F("asked_by")], order_by=[F("created_at"), F("pk")])
        return (
            self.filter(status=Generation.Status.QUEUED, workspace__deleted_at=None)
            .annotate(turn=turn, served_at=models.Subquery(served.annotate(last=Max("started_at")).values("last")))
            .order_by("lane", "turn", F("served_at").asc(nulls_first=True), "created_at", "pk")
        )

    def owned(self, *, pk: UUID, attempt: int) -> GenerationQuerySet:
        """The run, if `attempt` still owns it and nobody asked it to stop."""
        return self.filter(pk=pk, status=Generation.Status.RUNNING, attempt=attempt)

    def beat(self, *, pk: UUID, attempt: int, **written: Any) -> bool:
        """Save what was written so far; False if this attempt no longer owns the run."""
        return self.owned(pk=pk, attempt=attempt).update(beat_at=Now(), **written) == 1

    def hand_over(self, *, pk: UUID, attempt: int, **written: Any) -> bool:
        """Save what was written and let another worker go on, which counts as no takeover; False if it was not this attempt's any more."""
        return self.owned(pk=pk, attempt=attempt).update(status=Generation.Status.QUEUED, beat_at=None, **written) == 1

    def count_abort(self, *, pk: UUID, attempt: int) -> bool:
        """Note that an engine broke off in mid-answer; False if this attempt no longer owns the run."""
        return self.owned(pk=pk, attempt=attempt).update(engine_aborts=F("engine_aborts") + 1) == 1


class Generation(models.Model):
    """A run: one question on its way to its answer. While it runs the text is here; the end copies it to the answer.

    `lane` orders kinds of work (talk before API before background), `attempt` numbers the takers so that a late one is silent,
    `beat_at` says that the taker lives. It has no index, so a beat stays a cheap update in place.
    """

    class Lane(models.IntegerChoices):
        TALK = 0
        API = 1
        BACKGROUND = 2

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        STOPPING = "stopping"  # asked to stop; the worker (or the sweep, where it died) writes the end
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"

    ACTIVE = (Status.QUEUED, Status.RUNNING, Status.STOPPING)
    FINAL = (Status.DONE, Status.STOPPED, Status.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="runs")
    question = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="asked_run")
    answer = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="run")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runs")
    key = models.CharField(max_length=100)
    lane = models.PositiveSmallIntegerField(choices=Lane.choices, default=Lane.TALK)
    max_tokens = models.PositiveIntegerField()
    request = models.JSONField(null=True, help_text="What a program asked, whole, as apps.chat.requested writes it; null for people.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    last_seq = models.PositiveIntegerField(default=0)
    takeovers = models.PositiveSmallIntegerField(default=0)
    engine_aborts = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(blank=True)
    thinking = models.TextField(blank=True)
    citations = models.JSONField(default=list, help_text="The sources bound so far, as the end will store them.")
    calls = models.JSONField(default=list, help_text="Calls of tools, whole: {id, name, arguments}, for the program that asked.")
    notes = models.JSONField(default=list, help_text="Codes of what happened on the way: worker_restarted, model_failed, ...")
    error = models.CharField(max_length=40, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    is_cut = models.BooleanField(default=False, help_text="Whether the limit of tokens ended the answer.")
    context = models.JSONField(default=dict, help_text="What filled the model's context, in tokens, as apps.chat.context writes it.")
    nearest = models.JSONField(default=list, help_text="Where nothing clearly answers: the best hits, never sources.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asked_by", "key"], name="run_key_once")]
        indexes = [
            models.Index(fields=["lane", "created_at"], name="run_active", condition=Q(status__in=["queued", "running", "stopping"])),
            models.Index(fields=["asked_by", "-started_at"], name="run_person_served"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} ({self.status})"

    @property
    def error_sentence(self) -> str:
        """What went wrong and what to do, for the person; empty where nothing did."""
        return str(ERROR_SENTENCES.get(self.error, ERROR_SENTENCES["internal"])) if self.error else ""

    @property
    def has_ended(self) -> bool:
        """Whether the answer will not change any more."""
        return self.status in self.FINAL


class CitationQuerySet(models.QuerySet["Citation"]):
    def visible_to(self, user: User) -> CitationQuerySet:
        """Citations in conversations that `user` may read."""
        return self.filter(message__in=Message.objects.visible_to(user))


class Citation(models.Model):
    """What marker [n] of an answer stands for: a place in a version of a document, and the words copied from it."""

    class Found(models.TextChoices):
        FOUND = "found", _("words found")
        PARTLY = "partly", _("partly found")
        MISSING = "missing", _("not found in the source")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="citations")
    n = models.PositiveSmallIntegerField()
    document = models.ForeignKey(Document, null=True, on_delete=models.SET_NULL, related_name="+")
    version = models.ForeignKey(DocumentVersion, null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=300)
    page = models.PositiveIntegerField()
    place = models.CharField(max_length=300, blank=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    quote = models.TextField()
    found = models.CharField(max_length=10, choices=Found.choices, default=Found.FOUND)

    objects = CitationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "n"], name="citation_n_once")]

    def __str__(self) -> str:
        return f"[{self.n}] {self.title}"
