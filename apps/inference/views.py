"""The administrator's page of models: what is here, which one answers, what can be had and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.core.errors import NotFound, ProductError
from apps.inference import downloads, drafting, finder_use, keeping, services
from apps.inference.catalogue import OFFERED
from apps.inference.fitting import this_machine
from apps.inference.models import InstalledModel, RemoteModel
from apps.inference.offering import advised, offers

Act = Callable[[str, Any], str]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def models(request: HttpRequest) -> HttpResponse:
    """The models; a POST does the act of its name to one of them, without one it chooses the model that answers."""
    _refuse_all_but_administrators(request)
    if request.method == "POST":
        return _do(request, request.POST.get("act", "use"), request.POST.get("model", ""))
    installed = InstalledModel.objects.visible_to(request.user).order_by("-is_active", "name")
    parts = Prefetch("parts", InstalledModel.objects.order_by("role", "name"))
    installed = installed.select_related("fit", "measurement").prefetch_related(parts)
    remotes = RemoteModel.objects.visible_to(request.user).order_by("name").prefetch_related("servers")
    that_chat = (*(model for model in installed if model.role == InstalledModel.Role.CHAT), *remotes)
    active = next((model for model in that_chat if model.is_active), None)
    offered = offers(request.user)
    context = {
        "models": [model for model in installed if not model.base_id],
        "active": active,
        "remotes": remotes,
        "before": installed.used_before().first(),
        "no_model": services.NO_MODEL,
        "groups": [(role.value, [offer for offer in offered if offer.entry.role == role]) for role in OFFERED],
        "is_offline": settings.HF_HUB_OFFLINE,
        "here": this_machine(),
    }
    return render(request, "inference/models.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def first(request: HttpRequest) -> HttpResponse:
    """What a new installation is offered, and the way on without; a POST uses a model, or does an act about downloads.

    Template inference/first.html; context: models (InstalledModel rows that answer or find), offers (Offers that fit), is_offline,
    here (ThisMachine).
    """
    _refuse_all_but_administrators(request)
    if request.method == "POST":
        act = request.POST.get("act", "use")
        return _do(request, act if act in ("use", *ABOUT_DOWNLOADS) else "", request.POST.get("model", ""), then=reverse("first_models"))
    here = this_machine()
    installed = InstalledModel.objects.visible_to(request.user).filter(role__in=(InstalledModel.Role.CHAT, InstalledModel.Role.EMBED))
    context = {
        "models": installed.order_by("role", "name"),
        "offers": advised(offers(request.user), here),
        "is_offline": settings.HF_HUB_OFFLINE,
        "here": here,
    }
    return render(request, "inference/first.html", context)


@login_required
@require_safe
def states(request: HttpRequest) -> HttpResponse:
    """How far everything is that moves: the parts of the page that its script asks for each second."""
    _refuse_all_but_administrators(request)
    installed = InstalledModel.objects.visible_to(request.user)
    context = {"models": installed, "offers": offers(request.user), "is_offline": settings.HF_HUB_OFFLINE}
    return render(request, "inference/_states.html", context)


def _refuse_all_but_administrators(request: HttpRequest) -> None:
    if not getattr(request.user, "is_superuser", False):
        raise NotFound


def _do(request: HttpRequest, act: str, name: str, *, then: str = "") -> HttpResponse:
    """What was refused is said on the page of models, or on the page `then`: there is something to do about it there."""
    if act not in ACTS:
        raise NotFound
    try:
        messages.success(request, ACTS[act](name, request.user))
    except ProductError as error:
        messages.error(request, str(error))
    return redirect(then or reverse("models") + ("#get" if act in ABOUT_DOWNLOADS else ""))


def _use(name: str, user: Any) -> str:
    if name == services.NO_MODEL:
        services.use_no_model(used_by=user)
        return _("From the next question on, the documents' own words answer.")
    if finder_use.is_finder(name):
        finder_use.use_finder(name, used_by=user)
        return _("%(name)s helps to find passages from the next question on.") % {"name": name}
    services.use_checked_model(name, used_by=user)
    return _("From the next question on, %(name)s answers.") % {"name": name}


def _leave(name: str, user: Any) -> str:
    finder_use.leave_finder(name, left_by=user)
    return _("Passages are found without %(name)s.") % {"name": name}


def _back(name: str, user: Any) -> str:
    return _("From the next question on, %(name)s answers again.") % {"name": services.use_model_before(used_by=user).name}


def _get(name: str, user: Any) -> str:
    downloads.ask_for(name=name, asked_by=user)
    return _("It is being fetched. You can leave this page.")


def _stop(name: str, user: Any) -> str:
    downloads.stop(key=name, stopped_by=user)
    return _("Stopped. What came is kept.")


def _discard(name: str, user: Any) -> str:
    downloads.discard(key=name, discarded_by=user)
    return _("What came was thrown away.")


def _verify(name: str, user: Any) -> str:
    keeping.ask_to_verify(name, asked_by=user)
    return _("The file is being read again. What is found is said on this page.")


def _draft(name: str, user: Any) -> str:
    drafter = drafting.switch(name, is_on=True, switched_by=user)
    return _("%(name)s guesses from the next question on. Measure whether that is quicker here.") % {"name": drafter.name}


def _undraft(name: str, user: Any) -> str:
    return _("%(name)s guesses no more.") % {"name": drafting.switch(name, is_on=False, switched_by=user).name}


def _remove(name: str, user: Any) -> str:
    return _("%(name)s was removed.") % {"name": keeping.remove(name, removed_by=user).name}


ACTS: dict[str, Act] = {
    "use": _use,
    "leave": _leave,
    "back": _back,
    "get": _get,
    "stop": _stop,
    "discard": _discard,
    "verify": _verify,
    "remove": _remove,
    "draft": _draft,
    "undraft": _undraft,
}
ABOUT_DOWNLOADS = ("get", "stop", "discard")
