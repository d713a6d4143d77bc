"""Models that servers on the network run, and those servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from apps.core.ids import uuid7

from .engines.network import read_address
from .engines.openai import Backend


class RemoteModelQuerySet(models.QuerySet["RemoteModel"]):
    def visible_to(self, user: Any) -> RemoteModelQuerySet:
        """All of them for an administrator of the installation, none for anybody else."""
        return self if user.is_active and user.is_superuser else self.none()


class RemoteModel(models.Model):
    """A model under the name that people see, answered by one server or by several that share the work."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    is_active = models.BooleanField(default=False)
    added_at = models.DateTimeField(auto_now_add=True)

    objects = RemoteModelQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["is_active"], condition=models.Q(is_active=True), name="one_active_remote_model")]

    def __str__(self) -> str:
        return self.name


class EngineServerQuerySet(models.QuerySet["EngineServer"]):
    def visible_to(self, user: Any) -> EngineServerQuerySet:
        """All of them for an administrator of the installation, none for anybody else."""
        return self if user.is_active and user.is_superuser else self.none()


class EngineServer(models.Model):
    """One OpenAI-compatible server that serves a model. Its key is a file among the installation's secrets, in no row and on no page."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    remote = models.ForeignKey(RemoteModel, on_delete=models.CASCADE, related_name="servers")
    url = models.CharField(max_length=300)
    model = models.CharField(max_length=200, help_text="What the server calls it.")
    has_key = models.BooleanField(default=False)
    is_public = models.BooleanField(default=False, help_text="Whether it was outside the installation's own network when it was connected.")
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = EngineServerQuerySet.as_manager()

    class Meta:
        ordering = ["added_at"]
        constraints = [models.UniqueConstraint(fields=["remote", "url", "model"], name="server_once")]

    def __str__(self) -> str:
        return f"{self.model} at {self.url}"

    @property
    def key_file(self) -> Path:
        """Where its key is kept, where it has one."""
        folder: Path = settings.HOME.secrets
        return folder / f"engine-{self.pk}"

    def backend(self) -> Backend:
        """The server as the engine knows it, its load not counted yet. Raises OSError where its key is gone, AddressRefused."""
        key = self.key_file.read_text() if self.has_key else ""
        return Backend(read_address(self.url), self.model, key, settings.PUBLIC_ENGINES)
