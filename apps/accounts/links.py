"""Set a password by a link, without a mail server: one link a person, once, for a day."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ResetLink, User
from apps.accounts.services import WeakPassword, end_sessions
from apps.audit.services import record
from apps.core.errors import ProductError
from apps.core.tokens import new_token, token_hash

OPEN_FOR = timedelta(hours=24)
WELCOME_OPEN_FOR = timedelta(days=7)  # who has never signed in may be on holiday


class LinkGone(ProductError):
    """Used, too old, taken back, somebody's who was disabled, or never made: a stranger learns nothing more."""

    code = "reset_link_gone"
    status = 404
    sentence = _("This link is no longer open. Ask whoever runs this installation for a new one.")


@transaction.atomic
def make_link(*, user: User, made_by: User | None) -> str:
    """The token of the person's new link, which is not kept; an older link ends. `made_by` is None for the machine's own shell."""
    token = new_token()
    open_for = OPEN_FOR if user.has_usable_password() else WELCOME_OPEN_FOR
    link = {"token_hash": token_hash(token), "made_by": made_by, "expires_at": timezone.now() + open_for}
    ResetLink.objects.update_or_create(user=user, defaults=link)
    record("reset_link.made", actor=made_by, target=user.pk)
    return token


def open_link(token_hash: str) -> ResetLink:
    """The link of this hash, with its person. Raises LinkGone."""
    link = _open(token_hash).select_related("user").first()
    if link is None:
        raise LinkGone
    return link


def set_password(*, token_hash: str, password: str) -> User:
    """The person, with their new password: the link ends, and so does every session. Raises LinkGone, WeakPassword."""
    user = open_link(token_hash).user
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None
    user.set_password(password)  # before the transaction: hashing takes long
    with transaction.atomic():
        if not _open(token_hash).delete()[0]:
            raise LinkGone
        user.save(update_fields=["password"])
        end_sessions(user=user)
        record("password.reset", actor=user, target=user.pk)
    return user


def _open(token_hash: str) -> QuerySet[ResetLink]:
    return ResetLink.objects.filter(token_hash=token_hash, expires_at__gt=Now(), user__is_active=True)
