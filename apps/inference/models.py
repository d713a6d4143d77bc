"""The models of this installation, and those on their way."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.core.ids import uuid7

from .catalogue import Entry, catalogue
from .download_errors import sentence_of
from .engines.local import BY_CTRANSFORMERS, BY_LLAMA
from .fit_rows import Measurement, ModelFit
from .model_file import ModelFile
from .server_models import EngineServer, RemoteModel

# Django finds the rows of an app here.
__all__ = ["Download", "EngineServer", "InstalledModel", "InstalledModelQuerySet", "Measurement", "ModelFit", "RemoteModel"]

CHANGED = 0  # the time of a file that is known to be another one: it is read again before each load, and refused


def kept_path(path: Path) -> str:
    """A file's path as a row keeps it: its name alone if it lies in our own folder."""
    return path.name if path.parent == settings.MODELS else str(path)


class InstalledModelQuerySet(models.QuerySet["InstalledModel"]):
    def visible_to(self, user: Any) -> InstalledModelQuerySet:
        """All models for an administrator of the installation, none for anybody else."""
        return self if user.is_active and user.is_superuser else self.none()

    def called(self, name: str) -> InstalledModelQuerySet:
        """The one of this name, or of this key in the catalogue."""
        if "\0" in name:  # PostgreSQL has no such text
            return self.none()
        return self.filter(models.Q(name=name) | models.Q(catalogue_key=name, catalogue_key__gt=""))

    def used_before(self) -> InstalledModelQuerySet:
        """Chat models that were in use and are not now, the last one first."""
        return self.filter(role=InstalledModel.Role.CHAT, is_active=False, left_at__isnull=False).order_by("-left_at")

    def with_parts(self) -> InstalledModelQuerySet:
        """With all that is wanted to load them: their settings, their bases, and what belongs to either."""
        return self.select_related("fit", "base__fit").prefetch_related("parts", "base__parts")


class InstalledModel(models.Model):
    """A model file that was checked and answered a trial. The file stays where its owner keeps it; a changed one is not loaded."""

    class Role(models.TextChoices):
        CHAT = "chat"
        EMBED = "embed"
        RERANK = "rerank"
        PROJECTOR = "projector"
        DRAFTER = "drafter"

    class Engine(models.TextChoices):
        LLAMA = BY_LLAMA, "llama.cpp"
        CTRANSFORMERS = BY_CTRANSFORMERS, "ctransformers"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    engine = models.CharField(max_length=20, choices=Engine.choices, default=Engine.LLAMA)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CHAT)
    path = models.TextField()
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    modified_ns = models.PositiveBigIntegerField()
    architecture = models.CharField(max_length=100)
    quantisation = models.CharField(max_length=20)
    context_length = models.PositiveBigIntegerField()
    is_active = models.BooleanField(default=False, help_text="it answers; or, of a drafter, it is turned on")
    left_at = models.DateTimeField(null=True, help_text="when another took its place")
    catalogue_key = models.CharField(max_length=80, blank=True, default="", help_text="of a file that we fetched")
    verify_asked_at = models.DateTimeField(null=True, help_text="somebody wants all of the file to be read")
    verified_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    base = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="parts", help_text="what it belongs to")

    objects = InstalledModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["role"], condition=models.Q(is_active=True) & ~models.Q(role="drafter"), name="one_active_model_a_role"
            ),
            models.UniqueConstraint(
                fields=["base", "role"], condition=models.Q(role__in=["projector", "drafter"]), name="one_part_of_its_kind_a_model"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def file(self) -> ModelFile:
        """The file as it was when it was checked."""
        facts = (self.name, self.place, self.sha256, self.size_bytes, self.modified_ns)
        return ModelFile(
            *facts, engine=self.engine, family=self.architecture, role=self.role, pooling=self.known.pooling if self.known else ""
        )

    @property
    def known(self) -> Entry | None:
        """What the catalogue says of it; of a file of one's own that finds passages, what it says of the family."""
        if self.catalogue_key in catalogue():
            return catalogue()[self.catalogue_key]
        if self.role == self.Role.CHAT:
            return None
        of_role = (entry for entry in catalogue().values() if entry.role == self.role and entry.family)
        return next((entry for entry in of_role if entry.family == self.architecture), None)

    @property
    def loaded(self) -> ModelFile:
        """What is loaded to answer with it: its base, where it is an adapter, and all that belongs to that one."""
        base = self.base or self
        parts = sorted(base.parts.all(), key=attrgetter("path"))
        adapters = tuple(part.file for part in parts if part.role == self.Role.CHAT)
        projector = next((part.file for part in parts if part.role == self.Role.PROJECTOR), None)
        drafter = next((part.file for part in parts if part.role == self.Role.DRAFTER and part.is_active), None)
        return replace(base.file, adapters=adapters, projector=projector, drafter=drafter)

    @property
    def place(self) -> Path:
        """Where the file is: what lies in our own folder moves with it."""
        return settings.MODELS / self.path

    @property
    def is_ours(self) -> bool:
        """Whether we fetched the file, so that removing the model deletes it."""
        return bool(self.catalogue_key) and not Path(self.path).is_absolute()

    @property
    def writes_one_at_a_time(self) -> bool:
        """Whether a second answer has to wait for the end of the first."""
        return self.engine == self.Engine.CTRANSFORMERS

    @property
    def trouble(self) -> str:
        """Why the file would not be loaded, as far as one look tells; empty where nothing speaks against it. Reads none of its bytes."""
        try:
            known = self.file.path.stat()
        except OSError:
            return _("The file is not there any more, or cannot be read: bring it back, or add the model from where it is now.")
        if known.st_size != self.size_bytes:
            return _("The file is another one than the one that was checked. Add it again if that was meant.")
        if self.modified_ns == CHANGED:
            return _("The bytes of the file are not those that were checked, so it is not loaded. Remove the model and get it again.")
        if known.st_mtime_ns != self.modified_ns:
            return _("The file was written to since it was checked. Add it again, so that it is read.")
        return ""


class DownloadQuerySet(models.QuerySet["Download"]):
    def visible_to(self, user: Any) -> DownloadQuerySet:
        """All of them for an administrator of the installation, none for anybody else."""
        return self if user.is_active and user.is_superuser else self.none()

    def of(self, key: str) -> DownloadQuerySet:
        """The one of this key in the catalogue."""
        return self.none() if "\0" in key else self.filter(key=key)  # PostgreSQL has no such text

    def owned(self, download: Download) -> DownloadQuerySet:
        """The row, as long as this attempt at it is the one that runs."""
        return self.filter(pk=download.pk, attempt=download.attempt, status=Download.Status.RUNNING)

    def beat(self, download: Download, *, done_bytes: int, rate_bytes_s: int, mirror: str) -> bool:
        """Save how far it is; False if this attempt no longer owns it: somebody stopped it, or another worker took over."""
        return self.owned(download).update(done_bytes=done_bytes, rate_bytes_s=rate_bytes_s, mirror=mirror, beat_at=Now()) == 1


class Download(models.Model):
    """A file of the catalogue that somebody asked for: one row a file, however often it is asked for, stopped and gone on with."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        STOPPED = "stopped"
        FAILED = "failed"
        DONE = "done"

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.STOPPED)
    attempt = models.PositiveIntegerField(default=0)
    deaths = models.PositiveIntegerField(default=0, help_text="of workers that tried the whole file")
    size_bytes = models.PositiveBigIntegerField()
    done_bytes = models.PositiveBigIntegerField(default=0)
    rate_bytes_s = models.PositiveBigIntegerField(default=0)
    mirror = models.CharField(max_length=500, blank=True, default="", help_text="who sent what there is, and its ETag")
    reason_code = models.CharField(max_length=40, blank=True, default="")
    reason_details = models.JSONField(default=dict)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    beat_at = models.DateTimeField(null=True)

    objects = DownloadQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.key} {self.status}"

    @property
    def is_unfinished(self) -> bool:
        """Whether somebody works on it, or will."""
        return self.status in self.UNFINISHED

    @property
    def is_whole(self) -> bool:
        """Whether all bytes came: then it is checked and tried."""
        return self.done_bytes >= self.size_bytes

    @property
    def seconds_left(self) -> int | None:
        """Until the last byte, at the rate of now; None where nothing comes."""
        return round((self.size_bytes - self.done_bytes) / self.rate_bytes_s) if self.rate_bytes_s else None

    @property
    def reason(self) -> str:
        """Why it failed, in the language of now."""
        return sentence_of(self.reason_code, self.reason_details) if self.reason_code else ""
