"""What a view knows about who asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from apps.accounts.models import User
from apps.core.errors import NotFound


class SignedInRequest(HttpRequest):
    """A request that got past `login_required`."""

    user: User


def administrators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view` for administrators of the installation. For anybody else there is nothing here; whoever is signed out may sign in."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not cast("SignedInRequest", request).user.is_superuser:
            raise NotFound
        return view(request, *args, **kwargs)

    return guarded
