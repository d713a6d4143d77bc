"""Make people, and end what they hold open. Who may be made is decided by who calls: the first run, an invitation, an administrator."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Session, User
from apps.accounts.standing import require_administrator
from apps.audit.services import record
from apps.core.errors import NotFound, ProductError
from apps.core.live import end_sockets


@dataclass(frozen=True)
class Details:
    """What somebody new says about themselves. Without a password they choose one by a link."""

    email: str
    password: str = field(default="", repr=False)
    name: str = ""
    language: str = "en"


class PersonRefused(ProductError):
    """Something about the new person is not right; `field` says what, for a form."""

    field: str


class BadEmail(PersonRefused):
    """This is no e-mail address."""

    code, field = "bad_email", "email"
    status = 422
    sentence = _("This is not an e-mail address.")


class WeakPassword(PersonRefused):
    """The password does not keep the rules; the sentence says which."""

    code, field = "weak_password", "password"
    status = 422


class EmailTaken(PersonRefused):
    """Somebody signs in with this address already."""

    code, field = "email_taken", "email"
    status = 409
    sentence = _("Somebody here has this e-mail address already.")


class NoSuchPerson(ProductError):
    """No active person has this address. Only for commands: a page must not tell who exists."""

    code = "no_such_person"
    status = 404


def new_person(details: Details, *, is_superuser: bool = False) -> User:
    """A checked person, their password hashed, not saved yet: hashing takes long, and a transaction should not.

    Raises BadEmail, WeakPassword, EmailTaken.
    """
    user = _checked(details, is_superuser=is_superuser)
    try:
        validate_password(details.password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None
    user.set_password(details.password)
    return user


def new_person_without_password(details: Details) -> User:
    """A checked person who cannot sign in before they have chosen a password by a link; not saved yet. Raises BadEmail, EmailTaken."""
    user = _checked(details, is_superuser=False)
    user.set_unusable_password()
    return user


def _checked(details: Details, *, is_superuser: bool) -> User:
    email = _checked_email(details.email)
    return User(email=email, name=details.name.strip() or name_from(email), language=details.language, is_superuser=is_superuser)


def _checked_email(typed: str, person: User | None = None) -> str:
    """The address as it is stored, if nobody but `person` has it. Raises BadEmail, EmailTaken."""
    email = typed.strip().lower()
    if not email:
        raise BadEmail
    try:
        User._meta.get_field("email").run_validators(email)  # its form, and its length
    except ValidationError:
        raise BadEmail from None
    others = User.objects.exclude(pk=person.pk) if person else User.objects.all()
    if others.filter(email=email).exists():
        raise EmailTaken
    return email


def name_from(email: str) -> str:
    """A name for who did not say one: "Ada Lovelace" for ada.lovelace@example.org."""
    words = re.split(r"[\W\d_]+", email.partition("@")[0].partition("+")[0])
    return " ".join(word.capitalize() for word in words if word)[:100]


def add_person(user: User, *, added_by: User | None = None) -> User:
    """The person of `new_person`, saved. Raises EmailTaken where another was faster."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise EmailTaken from None
    record("person.added", actor=added_by or user, target=user.pk, administrator=user.is_superuser)
    return user


def person_of(email: str, *, is_active: bool = True) -> User:
    """The person who signs in with `email`: an active one, or a disabled one. Raises NoSuchPerson."""
    user = User.objects.filter(email=email.strip().lower(), is_active=is_active).first()
    if user is None:
        raise NoSuchPerson(f"There is no person with the e-mail address {email.strip()!r}.")
    return user


@transaction.atomic
def change_email(*, person: User, email: str, changed_by: User) -> None:
    """Let the person sign in with `email` from now on, and with the old address no more. Raises NotFound, BadEmail, EmailTaken."""
    require_administrator(changed_by)
    wanted = _checked_email(email, person)
    try:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(email=wanted)
    except IntegrityError:
        raise EmailTaken from None
    EmailAddress.objects.filter(user=person).delete()  # where allauth would find the old one
    record("person.email", actor=changed_by, target=person.pk)


@transaction.atomic
def change_profile(*, user: User, fields: list[str]) -> None:
    """Save what a form has set on `user`, and only that: a picture may have come meanwhile."""
    user.save(update_fields=fields)
    record("person.changed", actor=user, target=user.pk, fields=fields)


@transaction.atomic
def end_session(*, user: User, session: UUID) -> None:
    """Sign the person out of one of their browsers, at once. Raises NotFound where it is foreign or has ended."""
    ended, _rows = Session.objects.visible_to(user).filter(id=session).delete()
    if not ended:
        raise NotFound
    end_sockets(user.pk)  # those of the other browsers come back by themselves
    record("session.ended", actor=user, target=session)


@transaction.atomic
def end_sessions(*, user: User, but: str | None = None) -> int:
    """How many browsers the person was signed out of: of all, or of all but the one whose key is `but`. Their sockets end at once."""
    ended, _rows = Session.objects.filter(user=user).exclude(session_key=but).delete()
    end_sockets(user.pk)
    return ended


@transaction.atomic
def end_other_sessions(*, user: User, here: str | None) -> int:
    """How many of the person's browsers were signed out; the one whose key is `here` stays."""
    ended = end_sessions(user=user, but=here)
    record("sessions.ended", actor=user, target=user.pk, count=ended)
    return ended
