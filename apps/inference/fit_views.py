"""What an administrator does on the page of models about memory and speed."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core.errors import NotFound, ProductError
from apps.inference import fitting, measuring
from apps.inference.models import InstalledModel
from apps.inference.services import NoSuchModel


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the context and the number of answers at once that were chosen for a model."""
    return _done(request, _keep)


@login_required
@require_POST
def measure(request: HttpRequest) -> HttpResponse:
    """Begin to measure a model, or stop it."""
    return _done(request, _stop if request.POST.get("act") == "stop" else _start)


def _done(request: HttpRequest, act: Callable[[HttpRequest, InstalledModel], str]) -> HttpResponse:
    """Back to the page, which says what was done, or why it was not."""
    if not getattr(request.user, "is_superuser", False):
        raise NotFound
    try:
        model = InstalledModel.objects.visible_to(request.user).filter(name=request.POST.get("model", "").replace("\0", "")).first()
        if model is None:
            raise NoSuchModel
        messages.success(request, act(request, model))
    except ProductError as error:
        messages.error(request, str(error))
    return redirect("models")


def _keep(request: HttpRequest, model: InstalledModel) -> str:
    context_tokens, slots = (whole_number(request.POST.get(name, "")) for name in ("context", "slots"))
    fitting.keep_setting(model=model, context_tokens=context_tokens, slots=slots, kept_by=request.user)
    return _("%(name)s is loaded so from its next question on.") % {"name": model.name}


def _start(request: HttpRequest, model: InstalledModel) -> str:
    measuring.start(model=model, started_by=request.user)
    return _("%(name)s is being measured. That takes a minute; answers may be slower meanwhile.") % {"name": model.name}


def _stop(request: HttpRequest, model: InstalledModel) -> str:
    measuring.stop(model=model)
    return _("The measurement was stopped.")


def whole_number(text: str) -> int:
    """The number that was sent; 0, which nothing here can be, where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
