"""What administrators do to servers on the network: connect, try, choose, remove. All from the page of models."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core.errors import NotFound, ProductError
from apps.inference import servers, services


@login_required
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do what `action` says, then back to the page, which tells how it went."""
    if not getattr(request.user, "is_superuser", False):
        raise NotFound
    actions = {"connect": _connect, "use": _use, "try": _try, "remove": _remove}
    action = actions.get(request.POST.get("action", ""))
    if action is None:
        raise NotFound
    try:
        messages.success(request, action(request))
    except ProductError as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('models')}?{_typed(request)}#connect")
    return redirect(f"{reverse('models')}#servers")


def _connect(request: HttpRequest) -> str:
    typed = {name: request.POST.get(name, "").strip() for name in ("url", "model", "name", "key")}
    server = servers.connect_server(**typed, added_by=request.user)
    return _("%(model)s at %(url)s has answered; it is connected as %(name)s.") % {
        "model": server.model,
        "url": server.url,
        "name": server.remote.name,
    }


def _use(request: HttpRequest) -> str:
    remote = servers.use_remote(request.POST.get("model", ""), used_by=request.user)
    if remote is None:
        raise services.NoSuchModel
    return _("From the next question on, %(name)s answers.") % {"name": remote.name}


def _try(request: HttpRequest) -> str:
    server = servers.try_server(_pk(request), tried_by=request.user)
    return _("%(url)s has just answered.") % {"url": server.url}


def _remove(request: HttpRequest) -> str:
    server = servers.remove_server(_pk(request), removed_by=request.user)
    return _("%(url)s is not asked any more.") % {"url": server.url}


def _pk(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("server", ""))
    except ValueError:
        raise NotFound from None


def _typed(request: HttpRequest) -> str:
    """What was typed, so that nobody types it twice; never the key."""
    return urlencode({name: request.POST[name][:300] for name in ("url", "model", "name") if request.POST.get(name)})
