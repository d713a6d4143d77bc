"""The administrator's pages of people: all of them, somebody new, and one person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.models import ResetLink, User
from apps.accounts.requests import SignedInRequest, administrators_only
from apps.accounts.services import Details, PersonRefused
from apps.accounts.standing import LastAdministrator, NotYourself
from apps.core.database import only
from apps.core.errors import Invalid
from apps.workspaces import administration_forms as forms
from apps.workspaces import directory
from apps.workspaces import people as acts
from apps.workspaces.forms import RevokeForm, read
from apps.workspaces.invitations import PersonalWorkspace
from apps.workspaces.members import LastOwner
from apps.workspaces.models import ApiKey, Invitation, Role, Workspace

STAYS = (LastOwner, LastAdministrator, NotYourself, PersonalWorkspace)  # said on the page where the button is
INVITATIONS_SHOWN = 100
NEW_LINK = "new_link"  # where the session keeps a new link until it has been shown


@administrators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: SignedInRequest) -> HttpResponse:
    """People, searched by `?q=`, `?state=` and `?workspace=` (slug); a POST does something to one or several of them."""
    if request.method == "POST":
        return _act_on(request)
    asked = request.GET
    workspace = Workspace.objects.filter(slug=asked.get("workspace", ""), deleted_at=None).first()
    sought = directory.Sought(directory.clean_query(asked.get("q", "")), directory.state_of(asked.get("state", "")), workspace)
    found = directory.find_people(sought, seen_by=request.user, asked=asked)
    return render(request, "administration/people.html", {"found": found, "sought": sought})


def _act_on(request: SignedInRequest) -> HttpResponse:
    """Do what a row's menu (`only`) or the bar for several (`act` and `person`s) says, and say what came of it on the same page."""
    form = forms.PeopleForm(_row_act(request.POST) or request.POST)
    if not form.is_valid():
        raise Invalid(fields={field: " ".join(map(str, errors)) for field, errors in form.errors.items()})
    chosen = [person.pk for person in form.cleaned_data["person"]]
    try:
        if form.cleaned_data["act"] == "reset_link":
            return _show_reset_link(request, chosen[0])
        messages.success(request, _done(form.cleaned_data["act"], chosen, by=request.user))
    except STAYS as error:
        messages.error(request, str(error))
    return redirect(request.get_full_path())


def _row_act(posted: QueryDict) -> QueryDict | None:
    """What a button of one row says: "disable <id>"."""
    act, _space, person = posted.get("only", "").partition(" ")
    if not act:
        return None
    wanted = QueryDict(mutable=True)
    wanted.update({"act": act, "person": person})
    return wanted


def _done(act: str, chosen: list[UUID], *, by: User) -> str:
    """Do it; the sentence that says so."""
    match act:
        case "disable":
            number = acts.disable(people=chosen, by=by)
            return ngettext("One person was disabled.", "%(number)s people were disabled.", number) % {"number": number}
        case "enable":
            number = acts.enable(people=chosen, by=by)
            return ngettext("One person can sign in again.", "%(number)s people can sign in again.", number) % {"number": number}
        case _:
            acts.end_sessions(people=chosen, by=by)
            number = len(chosen)
            return ngettext("One person was signed out.", "%(number)s people were signed out.", number) % {"number": number}


@administrators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: SignedInRequest) -> HttpResponse:
    """Make somebody a person here, or make a link by which they do it themselves."""
    action = request.POST.get("action")
    creating = forms.CreatePersonForm(request.POST if action == "create" else None)
    inviting = forms.InviteForm(request.POST if action == "invite" else None)
    if action == "create" and creating.is_valid():
        try:
            return _create(request, creating.cleaned_data)
        except PersonRefused as error:
            creating.blame(error)
    if action == "invite" and inviting.is_valid():
        wanted = inviting.cleaned_data
        _made, token = acts.invite(workspace=wanted["workspace"], role=Role(wanted["role"]), note=wanted["note"], by=request.user)
        request.session[NEW_LINK] = request.build_absolute_uri(reverse("invitation", args=[token]))
        return redirect("administration_new_person")
    if action == "revoke":
        acts.revoke(invitation=read(RevokeForm, request).cleaned_data["invitation"], by=request.user)
        return redirect("administration_new_person")
    mine = Invitation.objects.open().filter(invited_by=request.user, workspace__deleted_at=None).select_related("workspace")
    context = {
        "creating": creating,
        "inviting": inviting,
        "invitations": mine.order_by("-created_at")[:INVITATIONS_SHOWN],
        "new_link": request.session.pop(NEW_LINK, ""),
    }
    return render(request, "administration/new_person.html", context)


def _create(request: SignedInRequest, wanted: dict[str, Any]) -> HttpResponse:
    details = Details(wanted["email"], name=wanted["name"], language=get_language() or "en")
    made, token = acts.create(details, workspace=wanted["workspace"], role=Role(wanted["role"]), by=request.user)
    return _to_page_with_link(request, made.pk, token)


@administrators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One person: their places, what lets them in, what they are; and every change to it."""
    found = only(User.objects.visible_to(request.user).filter(pk=pk))
    if request.method == "POST":
        try:
            return _change(request, found)
        except STAYS as error:
            messages.error(request, str(error))
            return redirect("administration_person", pk)
    placing = forms.PlaceForm()
    placing.leave_out(found)
    context = {
        "person": found,
        "places": directory.teams_of(found),
        "only_owner_of": acts.only_owned_by([found.pk]).order_by("name") if found.is_active else [],
        "placing": placing,
        "may_place": placing.has_any(),
        "roles": Role.choices,
        "reset_link": ResetLink.objects.filter(user=found).first(),
        "sessions": found.sessions.visible_to(found).count(),
        "keys": ApiKey.objects.filter(user=found, revoked_at=None).count(),
        "new_link": request.session.pop(_link_of(pk), ""),
    }
    return render(request, "administration/person.html", context)


def _change(request: SignedInRequest, found: User) -> HttpResponse:
    match request.POST.get("action"):
        case "reset_link":
            return _show_reset_link(request, found.pk)
        case "end_reset_link":
            acts.end_reset_link(person=found.pk, by=request.user)
        case "role":
            wanted = read(forms.PlaceForm, request).cleaned_data
            acts.set_role(person=found.pk, workspace=wanted["workspace"].pk, role=Role(wanted["role"]), by=request.user)
        case "remove":
            workspace = read(forms.TeamForm, request).cleaned_data["workspace"]
            acts.remove(person=found.pk, workspace=workspace.pk, by=request.user)
        case "make_administrator" | "unmake_administrator" as action:
            acts.set_administrator(person=found.pk, is_administrator=action == "make_administrator", by=request.user)
        case "disable" | "enable" | "end_sessions" as act:
            messages.success(request, _done(act, [found.pk], by=request.user))
        case _:
            raise Invalid
    still_may = User.objects.filter(pk=request.user.pk, is_superuser=True).exists()
    return redirect("administration_person", found.pk) if still_may else redirect("home")


def _show_reset_link(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The way to the person's page, which shows the new link once."""
    return _to_page_with_link(request, pk, acts.make_reset_link(person=pk, by=request.user))


def _to_page_with_link(request: SignedInRequest, pk: UUID, token: str) -> HttpResponse:
    request.session[_link_of(pk)] = request.build_absolute_uri(reverse("reset", args=[token]))
    return redirect("administration_person", pk)


def _link_of(pk: UUID) -> str:
    return f"{NEW_LINK} {pk}"
