"""Teams: the workspace is the wall between them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.ids import uuid7


class Role(models.TextChoices):
    """What a member may do: owners everything, admins all but owners, members write, viewers read and ask."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")
    VIEWER = "viewer", _("Viewer")


WRITERS = (Role.OWNER, Role.ADMIN, Role.MEMBER)
MANAGERS = (Role.OWNER, Role.ADMIN)


class Installation(models.Model):
    """The one row that says the installation was set up: whoever inserts it made the first administrator."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    set_up_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="installation_is_one")]

    def __str__(self) -> str:
        return "installation"


UNDO_FOR = timedelta(minutes=30)  # how long a deleted workspace can be brought back; then it is erased


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, user: User) -> WorkspaceQuerySet:
        """Workspaces that `user` is a member of and that are not deleted; nobody else's, whatever their rank."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.filter(memberships__user=user, deleted_at=None)

    def in_the_switch_of(self, user: User) -> WorkspaceQuerySet:
        """Workspaces that `user` is in, and those that they may still bring back as an owner."""
        brings_back = models.Q(memberships__role=Role.OWNER, deleted_at__gt=Now() - UNDO_FOR)
        return self.filter(models.Q(deleted_at=None) | brings_back, memberships__user=user)

    def restorable_by(self, user: User) -> WorkspaceQuerySet:
        """Deleted workspaces that `user` may still bring back: their owners, and administrators of the installation."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        deleted = self.filter(deleted_at__gt=Now() - UNDO_FOR)
        owned = Membership.objects.filter(user=user, role=Role.OWNER).values("workspace")
        return deleted if user.is_superuser else deleted.filter(pk__in=owned)

    def due(self) -> WorkspaceQuerySet:
        """Deleted workspaces whose time for undo is over, with a minute in between for whoever clicks in the last second."""
        return self.filter(deleted_at__lt=Now() - UNDO_FOR - timedelta(minutes=1))


class Workspace(models.Model):
    """A team's room: its documents, its people, each member's own conversations."""

    class Answering(models.TextChoices):
        BEST = "best", _("The installed model, or the documents' own words where there is none")
        VERBATIM = "verbatim", _("Verbatim only: always the documents' own words")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    is_personal = models.BooleanField(default=False)
    answering = models.CharField(_("answers"), max_length=10, choices=Answering.choices, default=Answering.BEST)
    # No foreign key: it may be a file here or a server's model, and one that was removed shall be missed, not forgotten.
    chosen_model = models.UUIDField(null=True, blank=True, help_text="The model that answers here; null for the installation's.")
    language = models.CharField(_("main language of the documents"), max_length=10, default="en")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, help_text="Since when everything in it is read only; null while it is in use.")
    deleted_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user: User) -> MembershipQuerySet:
        """Members of the workspaces that `user` belongs to."""
        return self.filter(workspace__in=Workspace.objects.visible_to(user))


class Membership(models.Model):
    """A person's place in a workspace."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace} as {self.role}"

    @property
    def may_write(self) -> bool:
        """May add and remove documents."""
        return self.role in WRITERS and not self.workspace.archived_at

    @property
    def may_manage(self) -> bool:
        """May invite people and change the workspace."""
        return self.role in MANAGERS

    @property
    def is_owner(self) -> bool:
        """May archive and delete the workspace."""
        return self.role == Role.OWNER


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> InvitationQuerySet:
        """Invitations into workspaces that `user` manages."""
        managed = Membership.objects.filter(user=user, role__in=MANAGERS).values("workspace")
        return self.filter(workspace__in=Workspace.objects.visible_to(user).filter(pk__in=managed))

    def open(self) -> InvitationQuerySet:
        """Those that can still be taken up."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=Now())


class Invitation(models.Model):
    """A link that lets one person in. The token itself is shown once and stored hashed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.MEMBER)
    note = models.CharField(_("for whom"), max_length=100, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"invitation into {self.workspace} as {self.role}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, user: User) -> ApiKeyQuerySet:
        """The person's own keys."""
        return self.filter(user=user, workspace__in=Workspace.objects.visible_to(user))


class ApiKey(models.Model):
    """A program's way in: one person, one workspace, never more than that person's role there. Stored hashed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=100)
    key_hash = models.CharField(max_length=64, unique=True)
    last_four = models.CharField(max_length=4)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} (…{self.last_four})"
