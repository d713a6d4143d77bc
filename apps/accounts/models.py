"""People."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Lower, Now, NullIf
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.browsers import Browser, read_browser
from apps.core.ids import uuid7


def shown_name(person: str = "") -> Lower:
    """What lists of people are sorted by: name, or address, in small letters. `person` leads from a row to its person: "user__"."""
    return Lower(Coalesce(NullIf(f"{person}name", models.Value("")), f"{person}email", output_field=models.CharField()))


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> UserQuerySet:
        """People in a workspace of `user`, and `user`; everybody for an administrator of the installation."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        if user.is_superuser:
            return self
        shared = user.memberships.filter(workspace__deleted_at=None).values("workspace")
        colleagues = User.objects.filter(memberships__workspace__in=shared).values("pk")
        return self.filter(Q(pk=user.pk) | Q(pk__in=colleagues))


class UserManager(BaseUserManager["User"]):
    """Makes people; services decide who may be made."""

    def get_queryset(self) -> UserQuerySet:
        """All people."""
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: User) -> UserQuerySet:
        """See UserQuerySet."""
        return self.get_queryset().visible_to(user)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new person who signs in with `email` (stored in lower case)."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """The person of this e-mail address, however it is written."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person of this installation. `is_superuser` is the administrator of the whole installation."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail"), unique=True, max_length=254)
    name = models.CharField(_("name"), max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    theme = models.CharField(_("theme"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, editable=False)  # to the minute; None for who never came
    picture = models.CharField(max_length=32, blank=True, editable=False)  # names the bytes in Picture; empty where there are none

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]
        indexes = [models.Index(shown_name(), "id", name="user_shown_name")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Django's and allauth's word for an administrator."""
        return self.is_superuser

    @property
    def initials(self) -> str:
        """One or two letters for the round picture."""
        words = (self.name or self.email.split("@")[0]).split()
        return "".join(word[0] for word in words[:2]).upper()


class Picture(models.Model):
    """A person's picture as two square PNGs of our own drawing. In the database: so it is in each backup, and gone with the person."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    large = models.BinaryField()
    small = models.BinaryField()

    def __str__(self) -> str:
        return f"picture of {self.user_id}"


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User) -> SessionQuerySet:
        """The browsers in which `user` has signed in and not out again."""
        return self.filter(user=user, expire_date__gt=Now())


class Session(AbstractBaseSession):
    """What a browser's cookie opens, and what is known of that browser. `id` names it on pages, for the key is the cookie's secret."""

    id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    begun_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=300, blank=True)

    objects = SessionQuerySet.as_manager()  # type: ignore[assignment,misc]  # Django's encodes and saves: nobody asks for that

    def save(self, **options: Any) -> None:
        """What a request changes leaves alone what was noted of the browser meanwhile."""
        if options.get("force_update"):
            options["update_fields"] = ["session_data", "expire_date", "user"]
        super().save(**options)

    @property
    def is_fresh(self) -> bool:
        """Whether somebody was here in the last two minutes; visits are noted to the minute."""
        return self.seen_at is not None and timezone.now() - self.seen_at < timedelta(minutes=2)

    @property
    def device(self) -> Browser:
        """The browser in words."""
        return read_browser(self.browser)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """The store of these rows."""
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store


class ResetLink(models.Model):
    """The one link by which a person can set a password without knowing the old one. Its token is shown once and stored hashed."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="reset_link")
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # None for who has the machine's shell
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"reset link of {self.user_id}"
