"""Put an embedder or a reranker in use, and out of use."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from apps.audit.services import record
from apps.core import queue
from apps.core.errors import NotFound, ProductError

from .finding import FINDERS
from .fitting import refuse_what_does_not_fit
from .model_file import ModelFileChanged, refuse_if_changed
from .models import InstalledModel

FILL = "documents.embed"  # makes the vectors that are missing


class FinderRefused(ProductError):
    """The model's file is not there, or not what was checked."""

    code = "finder_refused"
    status = 422
    sentence = _("This model cannot be used.")


def is_finder(name: str) -> bool:
    """Whether this is the name of an installed model that finds passages."""
    return InstalledModel.objects.called(name).filter(role__in=FINDERS).exists()


@transaction.atomic
def use_finder(name: str, *, used_by: Any = None) -> InstalledModel:
    """Find passages with this model from now on; vectors of what is there already are made in the background.

    Raises NotFound, FinderRefused, DoesNotFit.
    """
    installed = InstalledModel.objects.select_for_update().filter(role__in=FINDERS).order_by("pk")  # two who choose go one after the other
    chosen = next((model for model in installed if name in (model.name, model.catalogue_key or None)), None)
    if chosen is None:
        raise NotFound
    if chosen.trouble:
        raise FinderRefused(chosen.trouble)
    try:
        refuse_if_changed(chosen.file)
    except ModelFileChanged as error:
        raise FinderRefused(str(error)) from error
    refuse_what_does_not_fit(chosen)
    others = InstalledModel.objects.filter(role=chosen.role, is_active=True).exclude(pk=chosen.pk)
    others.update(is_active=False, left_at=now())
    chosen.is_active = True
    chosen.save(update_fields=["is_active"])
    record("model.used", actor=used_by, target=chosen.pk, name=chosen.name)
    queue.send_on_commit(FILL)
    return chosen


@transaction.atomic
def leave_finder(name: str, *, left_by: Any = None) -> None:
    """Find passages without this model from now on; its vectors stay, for the day when it is used again. Raises NotFound."""
    chosen = InstalledModel.objects.called(name).filter(role__in=FINDERS).first()
    if chosen is None:
        raise NotFound
    if InstalledModel.objects.filter(pk=chosen.pk, is_active=True).update(is_active=False, left_at=now()):
        record("model.left", actor=left_by, target=chosen.pk, name=chosen.name)
