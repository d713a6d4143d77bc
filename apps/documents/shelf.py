"""The shelf's page: what stands on it, and what is done to many files at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.models import User
from apps.core.database import only
from apps.core.errors import Invalid
from apps.core.http import wants_json
from apps.core.keyset import uuid_of
from apps.documents import many
from apps.documents.listing import Wanted, shelf_of
from apps.documents.models import Document, DocumentQuerySet
from apps.workspaces.models import Workspace
from apps.workspaces.page import page_context, person

Act = Callable[[Workspace, QueryDict, User], dict[str, Any]]


@login_required
@require_GET
def shelf(request: HttpRequest, slug: str) -> HttpResponse:
    """The workspace's documents: those that `?q=` and `?state=` ask for, sorted by `?sort=`, from `?after=` or `?before=` on."""
    context = page_context(request, slug)
    return render(request, "documents/documents.html", {**context, **_shelf(request, context["workspace"])})


@login_required
@require_GET
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """The same without the page around it, for the page that is open."""
    context = page_context(request, slug)
    return render(request, "documents/_shelf.html", {**context, **_shelf(request, context["workspace"])})


@login_required
@require_POST
def selected(request: HttpRequest, slug: str) -> HttpResponse:
    """Do `act` to the documents that the form names: by `document` (ids), or with `all` those that `q` and `state` ask for.

    Programs get what was done as JSON, a person without scripts the shelf again.
    """
    user = person(request)
    workspace = only(Workspace.objects.visible_to(user).filter(slug=slug))
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Invalid(fields={"act": "one of " + ", ".join(ACTS)})
    done = act(workspace, request.POST, user)
    if wants_json(request):
        return JsonResponse(done)
    messages.success(request, _said(done["count"]))
    return redirect("documents", slug)


def _remove(workspace: Workspace, form: QueryDict, user: User) -> dict[str, Any]:
    removal = many.remove_many(workspace=workspace, documents=_named(workspace, form, user), removed_by=user)
    return {"count": removal.files, "removed_at": removal.removed_at.isoformat()}


def _restore(workspace: Workspace, form: QueryDict, user: User) -> dict[str, Any]:
    return {"count": many.restore_many(workspace=workspace, removed_at=_moment(form), restored_by=user)}


def _read(workspace: Workspace, form: QueryDict, user: User) -> dict[str, Any]:
    return {"count": many.read_again(workspace=workspace, documents=_named(workspace, form, user), asked_by=user)}


def _retry(workspace: Workspace, _form: QueryDict, user: User) -> dict[str, Any]:
    return {"count": many.read_again(workspace=workspace, documents=many.failed_in_line(workspace), asked_by=user)}


def _stop(workspace: Workspace, _form: QueryDict, user: User) -> dict[str, Any]:
    return {"count": many.stop_reading(workspace=workspace, stopped_by=user)}


def _read_on(workspace: Workspace, _form: QueryDict, user: User) -> dict[str, Any]:
    return {"count": many.read_again(workspace=workspace, documents=many.stopped(workspace), asked_by=user)}


ACTS: dict[str, Act] = {"delete": _remove, "restore": _restore, "read": _read, "retry": _retry, "stop": _stop, "read_on": _read_on}


def _shelf(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    documents = Document.objects.visible_to(person(request)).filter(workspace=workspace)
    return {"shelf": shelf_of(documents, Wanted.of(request.GET), request.GET)}


def _named(workspace: Workspace, form: QueryDict, user: User) -> DocumentQuerySet:
    """The documents that the form names; ids may come one a field, as from a page without scripts, or joined by commas."""
    documents = Document.objects.visible_to(user).filter(workspace=workspace)
    if form.get("all"):
        return Wanted.of(form).among(documents)
    given = [uuid_of(text) for field in form.getlist("document") for text in field.split(",")]
    return documents.filter(pk__in=[pk for pk in given if pk])


def _moment(form: QueryDict) -> datetime:
    """The moment of a removal. Raises Invalid."""
    try:
        moment = parse_datetime(form.get("removed_at", ""))
    except ValueError:  # it looks like a moment, and is none
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid(fields={"removed_at": "the moment that the removal was answered with"})
    return moment


def _said(count: int) -> str:
    if count == 0:
        return _("Nothing was to be done.")
    return ngettext("Done with one document.", "Done with %(number)s documents.", count) % {"number": count}
