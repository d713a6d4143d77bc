"""allauth's questions about who may come in."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Sign-up is closed: people come by the first-run page, by an invitation or by an administrator's command."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never by allauth's own form."""
        return False
