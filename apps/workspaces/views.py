"""Pages about people and workspaces: first run, invitations, members, settings, keys."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.forms import NewPersonForm
from apps.accounts.requests import SignedInRequest
from apps.accounts.services import PersonRefused
from apps.core.ratelimit import count, network_of
from apps.inference.choice import choices, is_missing
from apps.workspaces import forms, invitations, keys, members, services
from apps.workspaces.examples import examples
from apps.workspaces.models import ApiKey, Membership, Workspace
from apps.workspaces.page import LAST_WORKSPACE

INVITATION_TRIES = 30  # a minute and address
NEW_KEY = "new_key"  # where the session keeps a new key until it has been shown


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The workspace where the person was last, else their team's, else their own; the door for a stranger."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    mine = Workspace.objects.visible_to(request.user).order_by("is_personal", "created_at")
    last = mine.filter(pk__in=[request.session.get(LAST_WORKSPACE)]).first() or mine.first()
    return redirect("me") if last is None else redirect("workspace", last.slug)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """The page that makes the first administrator and the first workspace. Closed for ever after."""
    if services.is_set_up():
        return redirect("home")
    form = forms.FirstRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user, _workspace = services.set_up(form.details(), workspace_name=form.cleaned_data["workspace"])
        except PersonRefused as error:
            form.blame(error)
        else:
            login(request, user)
            return redirect("first_models")
    return render(request, "workspaces/first_run.html", {"form": form})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What an invitation's link opens: the way in for somebody new, one button for somebody known."""
    count("invitation", network_of(request.META["REMOTE_ADDR"]), limit=INVITATION_TRIES)
    found = invitations.open_invitation(token)
    form = None if request.user.is_authenticated else NewPersonForm(request.POST or None)
    if request.method == "POST" and (membership := _accept(request, token, form)):
        return redirect("workspace", membership.workspace.slug)
    return render(request, "workspaces/invitation.html", {"invitation": found, "form": form})


def _accept(request: HttpRequest, token: str, form: NewPersonForm | None) -> Membership | None:
    """The place that the request took; None where the form has to be shown again."""
    if request.user.is_authenticated:
        return invitations.accept(token=token, user=request.user)
    if form is None or not form.is_valid():
        return None
    try:
        membership = invitations.accept_as_new_person(form.details(), token=token)
    except PersonRefused as error:
        form.blame(error)
        return None
    login(request, membership.user)
    return membership


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def workspace_settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Name, way of answering, model, main language: for managers to change."""
    workspace = services.visible_workspace(request.user, slug)
    membership = members.membership_of(request.user, workspace)
    form, models = forms.WorkspaceForm(request.POST or None, instance=workspace), choices()
    form.offer(models)
    is_gone = is_missing(workspace.chosen_model, among=models)  # before the form writes into the row
    if request.method == "POST":
        members.require_manager(request.user, workspace)
        if form.is_valid():
            services.change_workspace(changed=form.instance, changed_by=request.user)
            messages.success(request, _("Saved."))
            return redirect("workspace_settings", slug)
    context = {"workspace": workspace, "membership": membership, "form": form, "is_last_owner": members.is_last_owner(membership)}
    return render(request, "workspaces/settings.html", context | {"is_model_gone": is_gone})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_keys(request: SignedInRequest) -> HttpResponse:
    """The person's keys; a new one is shown once, on the page after it was made."""
    form = forms.KeyForm(request.POST if request.POST.get("action") == "create" else None)
    form.offer_to(request.user)
    match request.POST.get("action"):
        case "create" if form.is_valid():
            wanted = form.cleaned_data
            _row, request.session[NEW_KEY] = keys.create_key(user=request.user, workspace=wanted["workspace"], name=wanted["name"])
            return redirect("keys")
        case "revoke":
            keys.revoke_key(user=request.user, key=forms.read(forms.EndKeyForm, request).cleaned_data["key"])
            return redirect("keys")
    mine = ApiKey.objects.visible_to(request.user).filter(revoked_at=None).select_related("workspace").order_by("-created_at")
    new_key, newest = request.session.pop(NEW_KEY, ""), mine.first()
    lines = examples(address=request.build_absolute_uri("/").rstrip("/"), slug=newest.workspace.slug, key=new_key) if newest else []
    return render(request, "workspaces/keys.html", {"keys": mine, "form": form, "new_key": new_key, "examples": lines})
