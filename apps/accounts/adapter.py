"""allauth's questions about who may come in, and what follows when they go."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.models import ResetLink, Session, User
from apps.accounts.services import end_sessions
from apps.core.live import end_sockets


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Sign-up is closed: people come by the first-run page, by an invitation or by an administrator's command."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never by allauth's own form."""
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """Coming in sweeps out what nobody can come back to: sessions that have expired."""
        super().login(request, user)
        Session.objects.filter(expire_date__lt=Now()).delete()

    def logout(self, request: HttpRequest) -> None:
        """Signing out ends what other tabs of this browser hold open."""
        person = request.user
        super().logout(request)
        if isinstance(person, User):
            end_sockets(person.pk)

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        """A new password ends all sessions, what they hold open, and the link by which another could be set.

        The page that changed it goes on: allauth gives it a new key.
        """
        super().set_password(user, password)
        end_sessions(user=user)
        ResetLink.objects.filter(user=user).delete()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: str) -> str:
        """Wrong tries are counted by e-mail address alone: allauth adds the name that we were asked by, which the guesser chooses."""
        return credentials.get("email", "").lower()

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the page from which it was changed."""
        return reverse("security")
