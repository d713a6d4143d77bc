"""What people are in the installation: its administrators, or disabled. What that means for workspaces is apps.workspaces.people's."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ResetLink, Session, User
from apps.audit.services import record_each
from apps.core.errors import NotFound, ProductError
from apps.core.live import end_all_sockets, end_sockets, shut_out


class LastAdministrator(ProductError):
    """Without an administrator who can sign in nobody could run the installation."""

    code = "last_administrator"
    status = 409
    sentence = _("Somebody has to run this installation. Make another person an administrator first.")


class NotYourself(ProductError):
    """Whoever disables themselves cannot take it back."""

    code = "not_yourself"
    status = 409
    sentence = _("You cannot disable yourself. Ask another administrator to do it.")


def require_administrator(user: User) -> None:
    """See that the person runs the installation, as the row says now: `user` may be older than the lock. Raises NotFound."""
    if not User.objects.filter(pk=user.pk, is_superuser=True, is_active=True).exists():
        raise NotFound


def keep_an_administrator(*, without: Collection[UUID]) -> None:
    """See that somebody runs the installation without these people; call it under a lock. Raises LastAdministrator."""
    active = User.objects.filter(is_superuser=True, is_active=True)
    if active.filter(pk__in=without).exists() and not active.exclude(pk__in=without).exists():
        raise LastAdministrator


def disable(people: Collection[UUID], *, disabled_by: User | None) -> None:
    """Take everything from these people that lets them in; their keys are refused for as long as they are disabled."""
    User.objects.filter(pk__in=people).update(is_active=False)
    ResetLink.objects.filter(user__in=people).delete()
    Session.objects.filter(user__in=people).delete()
    shut_out(people)
    record_each("person.disabled", actor=disabled_by, targets=people)


def enable(people: Collection[UUID], *, enabled_by: User | None) -> None:
    """Let these people in again: by their passwords and their keys, but by no session, not even one that came as they were disabled."""
    User.objects.filter(pk__in=people).update(is_active=True)
    Session.objects.filter(user__in=people).delete()
    record_each("person.enabled", actor=enabled_by, targets=people)


def end_sessions(people: Collection[UUID]) -> None:
    """Sign these people out of every browser, at once."""
    Session.objects.filter(user__in=people).delete()
    end_all_sockets(people)


def set_administrator(user: User, *, is_administrator: bool, changed_by: User) -> None:
    """Make the person an administrator of the installation, or no longer one. Their pages come back with the rights of then."""
    User.objects.filter(pk=user.pk).update(is_superuser=is_administrator)
    end_sockets(user.pk)
    record_each("person.administrator", actor=changed_by, targets=[user.pk], administrator=is_administrator)
