"""What is kept on the disk: read it again to see whether it is still what was checked, and remove it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from apps.audit.services import record
from apps.core import queue
from apps.core.errors import ProductError

from .downloads import WAKE
from .model_file import read_model_file
from .models import CHANGED, Download, InstalledModel
from .services import NoSuchModel, refuse_with_parts


class InUse(ProductError):
    """The model that answers cannot be removed."""

    code = "model_in_use"
    status = 409
    sentence = _("This model answers now. Choose another one first, or the documents' own words.")


@transaction.atomic
def ask_to_verify(name: str, *, asked_by: Any = None) -> InstalledModel:
    """Have a worker read all of the model's file again: that takes minutes. Raises NoSuchModel."""
    model = InstalledModel.objects.called(name).first()
    if model is None:
        raise NoSuchModel
    InstalledModel.objects.filter(pk=model.pk, verify_asked_at=None).update(verify_asked_at=now())
    record("model.verify_asked", actor=asked_by, target=model.pk, name=model.name)
    queue.send_on_commit(WAKE)
    return model


def verify_asked() -> None:
    """Read every file that somebody wants to be read."""
    while model := InstalledModel.objects.filter(verify_asked_at__isnull=False).order_by("verify_asked_at").first():
        verify(model)


def verify(model: InstalledModel) -> bool:
    """Whether the file is what was checked; the row knows it from now on, and a changed file is not loaded any more."""
    try:
        file = read_model_file(model.file.path, model.name)
    except OSError:
        found = None  # that the file is gone or shut is seen by one look: `trouble` says which
    else:
        found = file.modified_ns if file.sha256 == model.sha256 else CHANGED
    times = {} if found is None else {"modified_ns": found}
    is_good = found not in (None, CHANGED)
    with transaction.atomic():
        InstalledModel.objects.filter(pk=model.pk, sha256=model.sha256).update(verify_asked_at=None, verified_at=now(), **times)
        record("model.verified", target=model.pk, name=model.name, is_good=is_good)
    return is_good


@transaction.atomic
def remove(name: str, *, removed_by: Any = None) -> InstalledModel:
    """Forget a model; its file is deleted if we fetched it, and left where it is if it was added by hand. Raises NoSuchModel, InUse."""
    model = InstalledModel.objects.select_for_update().called(name).first()
    if model is None:
        raise NoSuchModel
    if model.is_active and model.role != InstalledModel.Role.DRAFTER:
        raise InUse
    refuse_with_parts(model)
    InstalledModel.objects.filter(pk=model.pk).delete()
    record("model.removed", actor=removed_by, target=model.pk, name=model.name, sha256=model.sha256)
    if model.catalogue_key:
        Download.objects.filter(key=model.catalogue_key).delete()
    if model.is_ours:
        transaction.on_commit(partial(model.place.unlink, missing_ok=True))
    return model
