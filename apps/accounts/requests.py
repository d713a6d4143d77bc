"""What a view knows about who asks."""

from __future__ import annotations

from django.http import HttpRequest

from apps.accounts.models import User


class SignedInRequest(HttpRequest):
    """A request that got past `login_required`."""

    user: User
