"""What is kept with an installed model: its shape, how it is loaded, and how fast it is on this machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils.timezone import now

from .engines.model_shape import ModelShape, kept_shape

SILENT_S = 90  # a measurement that has not been heard of for so long has died with its worker


class ModelFit(models.Model):
    """How a model is loaded. Without a number of its own it is loaded as the installation's settings say."""

    model = models.OneToOneField("inference.InstalledModel", on_delete=models.CASCADE, primary_key=True, related_name="fit")
    shape = models.JSONField(null=True)
    context_tokens = models.PositiveIntegerField(null=True)
    slots = models.PositiveSmallIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.slots} x {self.context_tokens}"

    @property
    def known_shape(self) -> ModelShape | None:
        """The numbers that its memory follows from; None where its file does not say them."""
        return kept_shape(self.shape) if self.shape else None


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def going_on(self) -> MeasurementQuerySet:
        """Those that wait for their worker or run: what was not heard of for long does neither."""
        return self.exclude(state=Measurement.State.OVER).filter(beat_at__gt=now() - timedelta(seconds=SILENT_S))

    def beat(self, pk: Any, *, percent: int) -> bool:
        """Tell how far it is; False where it was stopped, or another one took its place."""
        return self.filter(pk=pk, state=Measurement.State.RUNNING).update(percent=percent, beat_at=now()) == 1

    def end(self, pk: Any, **found: Any) -> bool:
        """Keep what was found, if it still runs; where it was stopped, the figures of before stay."""
        return self.filter(pk=pk, state=Measurement.State.RUNNING).update(state=Measurement.State.OVER, **found) == 1


class Measurement(models.Model):
    """How fast a model reads and writes on this machine, in tokens a second; `busy_tokens_per_s` are those of four answers together."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        OVER = "over"

    model = models.OneToOneField("inference.InstalledModel", on_delete=models.CASCADE, primary_key=True, related_name="measurement")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OVER)
    percent = models.PositiveSmallIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    prompt_tokens_per_s = models.FloatField(null=True)
    tokens_per_s = models.FloatField(null=True)
    busy_tokens_per_s = models.FloatField(null=True)
    measured_at = models.DateTimeField(null=True)

    objects = MeasurementQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.tokens_per_s} tokens/s"

    @property
    def is_going_on(self) -> bool:
        """Whether it waits for its worker or runs."""
        is_heard_of = self.beat_at is not None and self.beat_at > now() - timedelta(seconds=SILENT_S)
        return self.state != self.State.OVER and is_heard_of
