"""The administrator's page of models: what is installed, and which one answers."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core.errors import NotFound, ProductError
from apps.inference import services
from apps.inference.models import InstalledModel


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def models(request: HttpRequest) -> HttpResponse:
    """The installed models; a POST chooses the one that answers from the next question on."""
    if not getattr(request.user, "is_superuser", False):
        raise NotFound
    if request.method == "POST":
        _choose(request, request.POST.get("model", ""))
        return redirect("models")
    installed = InstalledModel.objects.visible_to(request.user).order_by("-is_active", "name")
    active = next((model for model in installed if model.is_active), None)
    return render(request, "inference/models.html", {"models": installed, "active": active, "no_model": services.NO_MODEL})


def _choose(request: HttpRequest, name: str) -> None:
    """What was refused is said on the page of models: there is something to do about it there."""
    try:
        if name == services.NO_MODEL:
            services.use_no_model(used_by=request.user)
            messages.success(request, _("From the next question on, the documents' own words answer."))
        else:
            services.use_checked_model(name, used_by=request.user)
            messages.success(request, _("From the next question on, %(name)s answers.") % {"name": name})
    except ProductError as error:
        messages.error(request, str(error))
