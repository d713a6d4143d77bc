"""Leave, archive, delete a workspace, and bring a deleted one back: buttons of its settings, and one page."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.requests import SignedInRequest
from apps.workspaces import forms, lifecycle, members, services
from apps.workspaces.models import UNDO_FOR, Workspace

SlugView = Callable[[SignedInRequest, str], HttpResponse]


def told_on_settings(view: SlugView) -> SlugView:
    """Say what stands in the way on the page of settings, where the button is; a page of its own would lead away from it."""

    def answer(request: SignedInRequest, slug: str) -> HttpResponse:
        try:
            return view(request, slug)
        except (members.LastOwner, lifecycle.PersonalStays, lifecycle.WrongName) as error:
            messages.error(request, str(error))
            return redirect("workspace_settings", slug)

    return answer


@login_required
@require_POST
@told_on_settings
def leave(request: SignedInRequest, slug: str) -> HttpResponse:
    """Give up ones own place, and go to another workspace."""
    workspace = services.visible_workspace(request.user, slug)
    lifecycle.leave(workspace=workspace, user=request.user)
    messages.success(request, _("You left the workspace."))
    return redirect("home")


@login_required
@require_POST
@told_on_settings
def archive(request: SignedInRequest, slug: str) -> HttpResponse:
    """Make the workspace read only."""
    lifecycle.archive(workspace=services.visible_workspace(request.user, slug), archived_by=request.user)
    return redirect("workspace_settings", slug)


@login_required
@require_POST
@told_on_settings
def unarchive(request: SignedInRequest, slug: str) -> HttpResponse:
    """Put the workspace back into use."""
    lifecycle.unarchive(workspace=services.visible_workspace(request.user, slug), unarchived_by=request.user)
    messages.success(request, _("The workspace is in use again."))
    return redirect("workspace_settings", slug)


@login_required
@require_POST
@told_on_settings
def delete(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take the workspace away, and say by which button it comes back."""
    workspace = services.visible_workspace(request.user, slug)
    typed = forms.read(forms.DeleteForm, request).cleaned_data["name"]
    lifecycle.delete(workspace=workspace, deleted_by=request.user, typed_name=typed)
    messages.success(request, _undo(request, workspace))
    return redirect("home")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def deleted(request: SignedInRequest) -> HttpResponse:
    """The workspaces that the person may still bring back, and the button that does it."""
    if request.method == "POST":
        wanted = forms.read(forms.RestoreForm, request).cleaned_data["workspace"]
        workspace = lifecycle.restore(pk=wanted, restored_by=request.user)
        messages.success(request, _("The workspace is back."))
        return redirect("workspace", workspace.slug)
    found = Workspace.objects.restorable_by(request.user).order_by("-deleted_at")
    rows = [{"workspace": workspace, "minutes": _minutes_left(workspace)} for workspace in found]
    return render(request, "workspaces/deleted.html", {"rows": rows})


def _minutes_left(workspace: Workspace) -> int:
    """Whole minutes in which it can still be brought back, the last one being 1."""
    left = workspace.deleted_at + UNDO_FOR - timezone.now() if workspace.deleted_at else UNDO_FOR
    return max(1, int(left.total_seconds() // 60) + 1)


def _undo(request: HttpRequest, workspace: Workspace) -> str:
    """The toast with its button. The name is left out: a toast may wait in the session, which outlives the workspace."""
    return mark_safe(render_to_string("workspaces/_undo_delete.html", {"workspace": workspace}, request))  # noqa: S308 - our own template
