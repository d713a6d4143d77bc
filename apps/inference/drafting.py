"""Turn a model's drafter on or off: it is quicker where the model's next words are easy to guess, and slower where they are not."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.audit.services import record
from apps.core.errors import ProductError

from .models import InstalledModel, Measurement
from .services import NoSuchModel


class NoDrafter(ProductError):
    """The name is none of a drafter."""

    code = "no_drafter"
    status = 409
    sentence = _("This is no drafter.")


@transaction.atomic
def switch(name: str, *, is_on: bool, switched_by: Any = None) -> InstalledModel:
    """The drafter, which its model uses from its next load on, or no more: it is to be measured again. Raises NoSuchModel, NoDrafter."""
    drafter = InstalledModel.objects.select_for_update().called(name).first()
    if drafter is None:
        raise NoSuchModel
    if drafter.role != InstalledModel.Role.DRAFTER:
        raise NoDrafter
    drafter.is_active = is_on
    drafter.save(update_fields=["is_active"])
    Measurement.objects.filter(model=drafter.base).delete()  # it was another speed
    record("model.drafter_switched", actor=switched_by, target=drafter.pk, name=drafter.name, is_on=is_on)
    return drafter
