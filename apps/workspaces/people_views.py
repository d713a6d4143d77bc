"""The page of a workspace's people: who is in it, who is invited, and every change to that."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.requests import SignedInRequest
from apps.core.errors import Invalid
from apps.workspaces import directory, forms, invitations, members, services
from apps.workspaces.models import Invitation, Role, Workspace

INVITATIONS_SHOWN = 100  # the newest; more than that are closed from where they stand


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: SignedInRequest, slug: str) -> HttpResponse:
    """Members of a workspace, searched by `?q=`, its open invitations, and every change to them."""
    workspace = services.visible_workspace(request.user, slug)
    if request.method != "POST":
        return _people_page(request, workspace, new_link=request.session.pop(_new_link(workspace), ""))
    if request.POST.get("action") == "invite":
        return _invite(request, workspace)
    try:
        _change_people(request, workspace)
    except members.LastOwner as error:
        messages.error(request, str(error))
    still_in = Workspace.objects.visible_to(request.user).filter(pk=workspace.pk).exists()
    return redirect(request.get_full_path()) if still_in else redirect("home")


def _people_page(request: SignedInRequest, workspace: Workspace, **more: Any) -> HttpResponse:
    membership = members.membership_of(request.user, workspace)
    form = more.pop("form", None) or forms.InvitationForm()
    form.offer_to(membership)
    query = directory.clean_query(request.GET.get("q", ""))
    page, total = directory.find_members(workspace, query, seen_by=request.user, asked=request.GET)
    invited = Invitation.objects.visible_to(request.user).filter(workspace=workspace).open().select_related("invited_by")
    context = {
        "workspace": workspace,
        "membership": membership,
        "query": query,
        "members": [(member, members.may_change(membership, member)) for member in page.rows],
        "page": page,
        "total": total,
        "invitations": invited.order_by("-created_at")[:INVITATIONS_SHOWN],
        "roles": forms.roles_to_give(membership) if membership.may_manage else [],
        "form": form,
        "new_link": "",
    }
    return render(request, "workspaces/people.html", context | more)


def _new_link(workspace: Workspace) -> str:
    """Where the session keeps a new link until it has been shown."""
    return f"new_link {workspace.pk}"


def _invite(request: SignedInRequest, workspace: Workspace) -> HttpResponse:
    """The way to the page that shows the new link once: a page of its own, for a reload would make a second one."""
    form = forms.InvitationForm(request.POST)
    if not form.is_valid():
        return _people_page(request, workspace, form=form)
    _made, token = invitations.invite(
        workspace=workspace, invited_by=request.user, role=Role(form.cleaned_data["role"]), note=form.cleaned_data["note"]
    )
    request.session[_new_link(workspace)] = request.build_absolute_uri(reverse("invitation", args=[token]))
    return redirect("people", workspace.slug)


def _change_people(request: SignedInRequest, workspace: Workspace) -> None:
    match request.POST.get("action"):
        case "revoke":
            invitations.revoke(revoked_by=request.user, invitation=forms.read(forms.RevokeForm, request).cleaned_data["invitation"])
        case "role":
            wanted = forms.read(forms.RoleForm, request).cleaned_data
            role = Role(wanted["role"])
            members.change_role(workspace=workspace, changed_by=request.user, member=wanted["membership"], role=role)
        case "remove":
            member = forms.read(forms.MemberForm, request).cleaned_data["membership"]
            members.remove_member(workspace=workspace, removed_by=request.user, member=member)
        case _:
            raise Invalid
