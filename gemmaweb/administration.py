"""The administrator's pages of workspaces: all of them, a new one, and one with its figures. Never what is in them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.requests import SignedInRequest, administrators_only
from apps.accounts.services import NoSuchPerson, person_of
from apps.core.database import only
from apps.workspaces import people
from apps.workspaces.administration_forms import NewTeamForm, OwnerForm
from apps.workspaces.directory import clean_query
from apps.workspaces.invitations import PersonalWorkspace
from apps.workspaces.members import LastOwner
from apps.workspaces.models import Membership, Role
from gemmaweb import overview


@administrators_only
@never_cache
@require_safe
def workspaces(request: HttpRequest) -> HttpResponse:
    """Workspaces, searched by `?q=` and `?kind=`, with figures and without anything that is in them."""
    query, kind = clean_query(request.GET.get("q", "")), overview.kind_of(request.GET.get("kind", ""))
    found = overview.find_workspaces(query, kind, asked=request.GET)
    return render(request, "administration/workspaces.html", {"found": found, "query": query, "kind": kind})


@administrators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_workspace(request: SignedInRequest) -> HttpResponse:
    """Make a team's workspace for somebody."""
    form = NewTeamForm(request.POST or None, initial={"owner": request.user.email})
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            made = people.create_workspace(name=wanted["name"], owner_email=wanted["owner"], by=request.user)
        except NoSuchPerson:
            form.add_error("owner", _("Nobody who can sign in here has this e-mail address."))
        else:
            return redirect("administration_workspace", made.pk)
    return render(request, "administration/new_workspace.html", {"form": form})


@administrators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def workspace(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One workspace: its figures, its owners, and a place in it for somebody more."""
    found = only(overview.all_workspaces().filter(pk=pk))
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            person = person_of(wanted["email"])
            people.set_role(person=person.pk, workspace=pk, role=Role(wanted["role"]), by=request.user)
        except NoSuchPerson:
            form.add_error("email", _("Nobody who can sign in here has this e-mail address."))
        except (LastOwner, PersonalWorkspace) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(name)s has a place in this workspace now.") % {"name": person})
            return redirect("administration_workspace", pk)
    owners = Membership.objects.filter(workspace=found, role=Role.OWNER).select_related("user").order_by("created_at")
    context = {"row": overview.rows_of([found])[0], "owners": owners, "form": form}
    return render(request, "administration/workspace.html", context)
