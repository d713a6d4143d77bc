"""allauth's questions about who may come in, and what follows when they go."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from apps.accounts.models import User
from apps.core.live import end_sockets


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Sign-up is closed: people come by the first-run page, by an invitation or by an administrator's command."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never by allauth's own form."""
        return False

    def logout(self, request: HttpRequest) -> None:
        """Signing out ends what other tabs of this browser hold open."""
        person = request.user
        super().logout(request)
        if isinstance(person, User):
            end_sockets(person.pk)

    def set_password(self, user: User, password: str) -> None:
        """A new password ends the other sessions, so it ends what they hold open; this page's socket comes back by itself."""
        super().set_password(user, password)
        end_sockets(user.pk)
