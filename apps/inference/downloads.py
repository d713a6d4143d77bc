"""Ask for a model of the catalogue, stop that, and what a worker needs to know about it: who asked, how far it is, whose it is."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.audit.services import record
from apps.core import queue
from apps.core.errors import NotFound, ProductError

from . import services
from .catalogue import Entry, catalogue, find_entry
from .download_errors import DownloadFailed, HubOffline, WorkerDied
from .models import Download, InstalledModel
from .transfer import part_of, path_of

logger = logging.getLogger(__name__)
WAKE, QUEUE = "inference.wake", "models"
Status = Download.Status
DEAD_AFTER = timedelta(seconds=10)
DEATHS_MAX = 3


class NotOffered(NotFound):
    """No model of this name can be had."""

    code = "not_offered"
    sentence = _("The catalogue has no model of this name.")


class AlreadyThere(ProductError):
    """The model is installed."""

    code = "already_there"
    status = 409
    sentence = _("This model is here already.")


class BaseMissing(ProductError):
    """What it belongs to is not here."""

    code = "base_missing"
    status = 409
    sentence = _("This is a part of %(name)s. Get that model first.")

    def __init__(self, entry: Entry) -> None:
        super().__init__(self.sentence % {"name": catalogue()[entry.of].name})


class NothingToStop(ProductError):
    """Nobody fetches it."""

    code = "nothing_to_stop"
    status = 409
    sentence = _("This download is not running any more.")


@transaction.atomic
def ask_for(*, name: str, asked_by: Any = None, wakes_worker: bool = True) -> Download:
    """The download of this model, queued; one that is on its way already stays as it is, and one that broke off goes on.

    Raises NotOffered, AlreadyThere, BaseMissing, NameTaken, ModelRefused, HubOffline.
    """
    entry = find_entry(name)
    if entry is None:
        raise NotOffered
    _refuse_what_cannot_be(entry)
    new = {"size_bytes": entry.size_bytes, "asked_by": asked_by, "asked_at": Now()}
    download, _is_new = Download.objects.get_or_create(key=entry.key, defaults=new)
    asked = {**new, "status": Status.QUEUED, "rate_bytes_s": 0, "deaths": 0, "reason_code": "", "reason_details": {}}
    if Download.objects.filter(pk=download.pk).exclude(status__in=Download.UNFINISHED).update(**asked):
        record("model.download_asked", actor=asked_by, target=download.pk, key=entry.key, sha256=entry.sha256)
    if wakes_worker:
        queue.send_on_commit(WAKE)
    download.refresh_from_db()
    return download


@transaction.atomic
def stop(*, key: str, stopped_by: Any = None) -> None:
    """Stop a download; what came is kept. Its worker finds out at its next beat. Raises NothingToStop."""
    running = Download.objects.of(key).filter(status__in=Download.UNFINISHED)
    if not running.update(status=Status.STOPPED, rate_bytes_s=0):
        raise NothingToStop
    record("model.download_stopped", actor=stopped_by, key=key)


@transaction.atomic
def discard(*, key: str, discarded_by: Any = None) -> None:
    """Forget a download that was stopped or has failed, and delete what came. Raises NotOffered."""
    deleted, _rows = Download.objects.of(key).filter(status__in=(Status.STOPPED, Status.FAILED)).delete()
    if not deleted:
        raise NotOffered
    record("model.download_discarded", actor=discarded_by, key=key)
    if entry := catalogue().get(key):
        transaction.on_commit(partial(delete_files, entry))


def delete_files(entry: Entry) -> None:
    """Delete what we fetched of it."""
    for path in (path_of(entry, settings.MODELS), part_of(entry, settings.MODELS)):
        path.unlink(missing_ok=True)


@transaction.atomic
def claim_next() -> Download | None:
    """The download that was asked for first, now of this attempt; None if nobody waits."""
    waiting = Download.objects.filter(status=Status.QUEUED).order_by("asked_at")
    key = waiting.select_for_update(skip_locked=True).values_list("key", flat=True).first()
    return claim(key) if key else None


def claim(key: str) -> Download | None:
    """This download, now of this attempt; None if another took it, or it was stopped."""
    waiting = Download.objects.filter(key=key, status=Status.QUEUED)
    if not waiting.update(status=Status.RUNNING, attempt=F("attempt") + 1, beat_at=Now()):
        return None
    return Download.objects.select_related("asked_by").get(key=key)


@transaction.atomic
def finish(download: Download, checked: services.CheckedModel) -> InstalledModel | None:
    """The model, installed; None if this attempt was stopped, or another owns it. Raises NameTaken, ModelRefused, NoSuchModel, HasParts."""
    ended = {"status": Status.DONE, "done_bytes": F("size_bytes"), "rate_bytes_s": 0}
    if not Download.objects.owned(download).update(**ended):
        return None
    record("model.downloaded", actor=download.asked_by, target=download.pk, key=download.key, sha256=checked.file.sha256)
    return services.store_model(checked, added_by=download.asked_by, catalogue_key=download.key)


@transaction.atomic
def fail(download: Download, error: DownloadFailed, *, done_bytes: int) -> None:
    """Say why it failed; nothing where this attempt does not own it any more."""
    why = {"reason_code": error.code, "reason_details": error.details}
    if Download.objects.owned(download).update(status=Status.FAILED, rate_bytes_s=0, done_bytes=done_bytes, **why):
        record("model.download_failed", actor=download.asked_by, target=download.pk, key=download.key, code=error.code)


def hand_back(download: Download) -> None:
    """Let the next worker go on with it: this one ends."""
    Download.objects.owned(download).update(status=Status.QUEUED, rate_bytes_s=0)


def sweep() -> None:
    """Downloads of dead workers go back into the line (three times at most, where the trial of the whole file was the death of it)."""
    dead = Download.objects.filter(status=Status.RUNNING, beat_at__lt=Now() - DEAD_AFTER)
    for download in dead:
        if download.is_whole and download.deaths + 1 >= DEATHS_MAX:
            fail(download, WorkerDied(), done_bytes=download.done_bytes)
        else:
            died = int(download.is_whole)
            Download.objects.owned(download).update(status=Status.QUEUED, rate_bytes_s=0, deaths=F("deaths") + died)
        logger.warning("downloads: %s was left by a dead worker (attempt %d)", download.key, download.attempt)
    wake_for_waiting()


def wake_for_waiting() -> None:
    """Wake the worker if anything waits for it."""
    waits = Download.objects.filter(status=Status.QUEUED).exists() or InstalledModel.objects.filter(verify_asked_at__isnull=False).exists()
    if waits and not queue.has_messages(QUEUE):
        queue.send(WAKE)


def _refuse_what_cannot_be(entry: Entry) -> None:
    if InstalledModel.objects.filter(catalogue_key=entry.key).exists():
        raise AlreadyThere
    if InstalledModel.objects.filter(name=entry.name).exists():
        raise services.NameTaken
    if entry.of:
        base = InstalledModel.objects.filter(catalogue_key=entry.of).first()
        if base is None:
            raise BaseMissing(entry)
        services.refuse_second(base, entry.role.value, entry.name)
    if settings.HF_HUB_OFFLINE:
        raise HubOffline
