"""The models of this installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from apps.core.ids import uuid7

from .model_file import ModelFile


class InstalledModelQuerySet(models.QuerySet["InstalledModel"]):
    def visible_to(self, user: Any) -> InstalledModelQuerySet:
        """All models for an administrator of the installation, none for anybody else."""
        return self if user.is_active and user.is_superuser else self.none()


class InstalledModel(models.Model):
    """A model file that was checked and answered a trial. The file stays where its owner keeps it; a changed one is not loaded."""

    class Role(models.TextChoices):
        CHAT = "chat"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CHAT)
    path = models.TextField()
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    modified_ns = models.PositiveBigIntegerField()
    architecture = models.CharField(max_length=100)
    quantisation = models.CharField(max_length=20)
    context_length = models.PositiveBigIntegerField()
    is_active = models.BooleanField(default=False)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = InstalledModelQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role"], condition=models.Q(is_active=True), name="one_active_model_a_role")]

    def __str__(self) -> str:
        return self.name

    @property
    def file(self) -> ModelFile:
        """The file as it was when it was checked."""
        return ModelFile(self.name, Path(self.path), self.sha256, self.size_bytes, self.modified_ns)

    @property
    def trouble(self) -> str:
        """Why the file would not be loaded, as far as one look tells; empty where nothing speaks against it. Reads none of its bytes."""
        try:
            known = self.file.path.stat()
        except OSError:
            return _("The file is not there any more, or cannot be read: bring it back, or add the model from where it is now.")
        if known.st_size != self.size_bytes:
            return _("The file is another one than the one that was checked. Add it again if that was meant.")
        if known.st_mtime_ns != self.modified_ns:
            return _("The file was written to since it was checked. Add it again, so that it is read.")
        return ""
