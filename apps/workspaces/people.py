"""What administrators of the installation do to people: each act under one lock, as each can leave a workspace without an owner.

`by` is the administrator, or None for who has the machine's own shell. Where it says nothing else, an act raises NotFound for people
and workspaces that are not there, and for a `by` who is no administrator any more.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.accounts import links, standing
from apps.accounts import services as accounts
from apps.accounts.models import ResetLink, User
from apps.audit.services import record, record_each
from apps.core.database import only
from apps.core.errors import NotFound
from apps.workspaces import services
from apps.workspaces.invitations import PersonalWorkspace, make_invitation
from apps.workspaces.members import LastOwner, add_member, give_role, lock, lock_installation, take_out
from apps.workspaces.models import MANAGERS, Invitation, Membership, Role, Workspace, WorkspaceQuerySet

NAMED_MAX = 5  # workspaces in a sentence


def only_owned_by(people: Collection[UUID]) -> WorkspaceQuerySet:
    """Teams' workspaces that would have no owner who can sign in without these people."""
    owners = Membership.objects.filter(workspace=OuterRef("pk"), role=Role.OWNER, user__is_active=True)
    teams = Workspace.objects.filter(is_personal=False, deleted_at=None)
    return teams.filter(Exists(owners.filter(user__in=people)), ~Exists(owners.exclude(user__in=people)))


@transaction.atomic
def disable(*, people: Collection[UUID], by: User | None) -> int:
    """How many people were disabled: nothing lets them in any more, and nobody comes by links that they made.

    Raises NotYourself, LastAdministrator, LastOwner.
    """
    _begin(by)
    active = _active_ones(people, is_active=True)
    if by is not None and by.pk in people:
        raise standing.NotYourself
    standing.keep_an_administrator(without=active)
    _keep_owners(active)
    standing.disable(active, disabled_by=by)
    Invitation.objects.open().filter(invited_by__in=active).update(revoked_at=Now())
    return len(active)


@transaction.atomic
def enable(*, people: Collection[UUID], by: User | None) -> int:
    """How many people were let in again: by their passwords and keys. Sessions and links from before stay ended."""
    _begin(by)
    disabled = _active_ones(people, is_active=False)
    standing.enable(disabled, enabled_by=by)
    return len(disabled)


@transaction.atomic
def end_sessions(*, people: Collection[UUID], by: User) -> None:
    """Sign these people out of every browser."""
    _begin(by)
    standing.end_sessions(_all_of(people))
    record_each("sessions.ended", actor=by, targets=people)


@transaction.atomic
def set_administrator(*, person: UUID, is_administrator: bool, by: User) -> None:
    """Make an active person an administrator, or no longer one: links that they made as one end then. Raises LastAdministrator."""
    _begin(by)
    user = only(User.objects.filter(pk=person, is_active=True))
    if not is_administrator:
        standing.keep_an_administrator(without=[person])
        managed = Membership.objects.filter(user=user, role__in=MANAGERS).values("workspace")
        Invitation.objects.open().filter(invited_by=user).exclude(workspace__in=managed).update(revoked_at=Now())
    standing.set_administrator(user, is_administrator=is_administrator, changed_by=by)


@transaction.atomic
def make_reset_link(*, person: UUID, by: User | None) -> str:
    """The token by which the person can set a password, which is not kept. Only for active people."""
    _begin(by)
    return links.make_link(user=only(User.objects.filter(pk=person, is_active=True)), made_by=by)


@transaction.atomic
def end_reset_link(*, person: UUID, by: User) -> None:
    """Take the person's open link back; none is none."""
    _begin(by)
    if ResetLink.objects.filter(user=person).delete()[0]:
        record("reset_link.ended", actor=by, target=person)


@transaction.atomic
def create(details: accounts.Details, *, workspace: Workspace | None, role: Role, by: User) -> tuple[User, str]:
    """A new person, in this workspace too where one is named, and the token by which they choose a password, which is not kept.

    Raises BadEmail, EmailTaken, PersonalWorkspace.
    """
    _begin(by)
    user = services.add_person(accounts.new_person_without_password(details), added_by=by)
    if workspace is not None:
        add_member(workspace=_team(workspace.pk), user=user, role=role, added_by=by)
    return user, links.make_link(user=user, made_by=by)


@transaction.atomic
def invite(*, workspace: Workspace, role: Role, note: str, by: User) -> tuple[Invitation, str]:
    """A new invitation into any team's workspace, and its token, which is not kept. Raises PersonalWorkspace."""
    _begin(by)
    return make_invitation(workspace=_team(workspace.pk), invited_by=by, role=role, note=note)


@transaction.atomic
def revoke(*, invitation: UUID, by: User) -> None:
    """Close a link that this administrator made, in whichever workspace. Raises NotFound where it is another's or no longer open."""
    _begin(by)
    if not Invitation.objects.open().filter(pk=invitation, invited_by=by).update(revoked_at=Now()):
        raise NotFound
    record("invitation.revoked", actor=by, target=invitation)


@transaction.atomic
def set_role(*, person: UUID, workspace: UUID, role: Role, by: User) -> None:
    """Give the person this role in the workspace, and a place if they had none. Raises LastOwner, PersonalWorkspace."""
    _begin(by)
    team = _team(workspace)
    user = only(User.objects.filter(pk=person))
    membership = Membership.objects.filter(workspace=team, user=user).first()
    if membership is None:
        add_member(workspace=team, user=user, role=role, added_by=by)
    elif membership.role != role:
        give_role(membership, role, given_by=by)


@transaction.atomic
def remove(*, person: UUID, workspace: UUID, by: User) -> None:
    """Take the person out of the workspace. Raises LastOwner, PersonalWorkspace."""
    _begin(by)
    take_out(only(Membership.objects.filter(workspace=_team(workspace), user=person)), taken_by=by)


@transaction.atomic
def create_workspace(*, name: str, owner_email: str, by: User) -> Workspace:
    """A new team's workspace, owned by whoever has this e-mail address. Raises NoSuchPerson, BadSlug."""
    _begin(by)
    return services.create_workspace(name=name, owner=accounts.person_of(owner_email), made_by=by)


def _begin(by: User | None) -> None:
    """One act at a time; whoever does it may still do it."""
    lock_installation()
    if by is not None:
        standing.require_administrator(by)


def _all_of(people: Collection[UUID]) -> list[UUID]:
    """The same people. Raises NotFound where one of them is not there."""
    found = list(User.objects.filter(pk__in=people).values_list("pk", flat=True))
    if len(found) < len(set(people)):
        raise NotFound
    return found


def _active_ones(people: Collection[UUID], *, is_active: bool) -> list[UUID]:
    return list(User.objects.filter(pk__in=_all_of(people), is_active=is_active).values_list("pk", flat=True))


def _keep_owners(people: Collection[UUID]) -> None:
    names = list(only_owned_by(people).order_by("name").values_list("name", flat=True)[: NAMED_MAX + 1])
    if names:
        listed = ", ".join(names[:NAMED_MAX]) + (", …" if len(names) > NAMED_MAX else "")
        raise LastOwner(_("Nobody else owns %(names)s. Make somebody else an owner there first.") % {"names": listed})


def _team(pk: UUID) -> Workspace:
    """The workspace, locked. Raises NotFound, PersonalWorkspace."""
    workspace = only(Workspace.objects.filter(pk=pk, deleted_at=None))
    if workspace.is_personal:
        raise PersonalWorkspace
    lock(workspace)
    return workspace
