"""The page that a reset link opens: a new password, without the old one."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts import links
from apps.accounts.forms import NewPasswordForm
from apps.accounts.services import WeakPassword
from apps.core.ratelimit import count, network_of
from apps.core.tokens import token_hash

TRIES = 30  # a minute and address
OPENED = "reset_link"  # where the session keeps the hash of the link that was opened: a page's own address should tell no secret


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The way to the page that `set_password` shows, for a good link. Raises LinkGone, TooMany.

    Looking at it does not use it up: a messenger looks at every link that is sent.
    """
    count("reset", network_of(request.META["REMOTE_ADDR"]), limit=TRIES)
    request.session[OPENED] = links.open_link(token_hash(token)).token_hash
    response = redirect("set_password")
    response["Referrer-Policy"] = "no-referrer"
    return response


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def set_password(request: HttpRequest) -> HttpResponse:
    """A new password for whoever opened a link in this browser; it signs them in. Raises LinkGone, TooMany."""
    count("reset", network_of(request.META["REMOTE_ADDR"]), limit=TRIES)
    opened = request.session.get(OPENED, "")
    link = links.open_link(opened)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = links.set_password(token_hash=opened, password=form.cleaned_data["password"])
        except WeakPassword as error:
            form.add_error("password", str(error))
        else:
            request.session.flush()
            login(request, user)
            return redirect("home")
    return render(request, "accounts/reset.html", {"form": form, "person": link.user})
