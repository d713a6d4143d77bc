"""The person's own pages, and people's pictures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import pictures, services, time_zones
from apps.accounts.forms import EmailForm, EndSessionForm, MyPasswordForm, ProfileForm, ThemeForm
from apps.accounts.models import Session, User
from apps.accounts.requests import SignedInRequest, administrators_only
from apps.core.database import only
from apps.core.errors import Invalid
from apps.core.http import wants_json
from apps.core.ratelimit import count

PICTURES = 20  # a minute and person: each costs a process
SESSIONS_MAX = 100
KEEP_PICTURE = "private, max-age=604800, immutable"  # another picture has another address, another cookie (Vary) asks anew


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: SignedInRequest) -> HttpResponse:
    """Picture, name, language, time zone, theme."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        services.change_profile(user=request.user, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return redirect("me")
    return _profile(request, form=form)


def _profile(request: SignedInRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    shown = {"form": ProfileForm(instance=request.user), "zones": time_zones.suggestions(), "themes": User.Theme.choices, **context}
    return render(request, "accounts/me.html", shown, status=status)


@login_required
@require_POST
def my_picture(request: SignedInRequest) -> HttpResponse:
    """Set or remove the picture; what is wrong with it stands beside it."""
    count("picture", str(request.user.pk), limit=PICTURES)
    if request.POST.get("action") == "remove":
        pictures.remove_picture(user=request.user)
        messages.success(request, _("Your picture was removed."))
        return redirect("me")
    try:
        pictures.set_picture(user=request.user, file=request.FILES.get("picture"))
    except pictures.PictureRefused as error:
        return _profile(request, picture_error=str(error), status=error.status)
    messages.success(request, _("This is your picture now."))
    return redirect("me")


@login_required
@require_POST
def my_theme(request: SignedInRequest) -> HttpResponse:
    """Light, dark, or as the device: for a script without a page, for a form back to where it was sent. Raises Invalid."""
    form = ThemeForm(request.POST, instance=request.user)
    if not form.is_valid():
        raise Invalid
    services.change_profile(user=request.user, fields=["theme"])
    if wants_json(request):
        return HttpResponse(status=204)
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "me")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def security(request: SignedInRequest) -> HttpResponse:
    """Password and sessions; a POST ends sessions."""
    here = request.session.session_key
    if request.method != "POST":
        sessions = Session.objects.visible_to(request.user).order_by(F("seen_at").desc(nulls_last=True))[:SESSIONS_MAX]
        return render(request, "accounts/security.html", {"form": MyPasswordForm(request.user), "sessions": sessions, "here": here})
    match request.POST.get("action"):
        case "end":
            _end_one(request)
        case "end_others":
            ended = services.end_other_sessions(user=request.user, here=here)
            said = ngettext("You were signed out of %(number)s other browser.", "You were signed out of %(number)s other browsers.", ended)
            messages.success(request, said % {"number": ended})
        case _:
            raise Invalid
    return redirect("security")


def _end_one(request: SignedInRequest) -> None:
    form = EndSessionForm(request.POST)
    if not form.is_valid():
        raise Invalid
    services.end_session(user=request.user, session=form.cleaned_data["session"])
    messages.success(request, _("That browser was signed out."))


@login_required
@require_safe
def picture(request: SignedInRequest, pk: UUID, name: str, side: int) -> HttpResponse:
    """A person's picture for whoever shares a workspace with them, and for administrators."""
    png = pictures.picture_png(seen_by=request.user, person=pk, name=name, side_px=side)
    return HttpResponse(png, content_type="image/png", headers={"Cache-Control": KEEP_PICTURE})


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def email(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Another address with which a person signs in; for administrators."""
    person = only(User.objects.visible_to(request.user).filter(pk=pk))
    form = EmailForm(request.POST or None, initial={"email": person.email})
    if request.method == "POST" and form.is_valid():
        try:
            services.change_email(person=person, email=form.cleaned_data["email"], changed_by=request.user)
        except services.PersonRefused as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, _("From now on they sign in with the new address. Tell them."))
            return redirect("administration_person", pk)
    return render(request, "accounts/email.html", {"person": person, "form": form})
