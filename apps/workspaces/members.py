"""Change who is in a workspace, and as what."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.audit.services import record
from apps.core.errors import Forbidden, NotFound, ProductError
from apps.core.live import end_sockets
from apps.workspaces.models import MANAGERS, Installation, Invitation, Membership, Role, Workspace
from apps.workspaces.writable import hold_writable


class LastOwner(ProductError):
    """A workspace without an owner could never be managed again."""

    code = "last_owner"
    status = 409
    sentence = _("A workspace keeps at least one owner. Make somebody else an owner first.")


def membership_of(user: User, workspace: Workspace) -> Membership:
    """The person's place in the workspace, as the rows say now: `user` may be older than the lock. Raises NotFound."""
    found = Membership.objects.visible_to(user).filter(user=user, user__is_active=True, workspace=workspace).first()
    if found is None:
        raise NotFound
    return found


def require_manager(user: User, workspace: Workspace) -> Membership:
    """The person's place, if it allows to invite people and to change the workspace. Raises NotFound, Forbidden."""
    membership = membership_of(user, workspace)
    if not membership.may_manage:
        raise Forbidden
    return membership


@transaction.atomic
def add_member(*, workspace: Workspace, user: User, role: Role, added_by: User | None = None) -> Membership:
    """The person's place in the workspace; one that they have already is left as it is."""
    membership, is_new = Membership.objects.get_or_create(workspace=workspace, user=user, defaults={"role": role})
    if is_new:
        record("member.added", actor=added_by or user, workspace=workspace.pk, target=user.pk, role=role)
    return membership


@transaction.atomic
def change_role(*, workspace: Workspace, changed_by: User, member: UUID, role: Role) -> Membership:
    """The member's place with its new role. Raises NotFound, Forbidden, LastOwner, Archived."""
    lock(workspace)
    hold_writable(workspace.pk)
    mine = require_manager(changed_by, workspace)
    membership = _changeable(mine, member)
    if role == Role.OWNER and mine.role != Role.OWNER:
        raise Forbidden
    give_role(membership, role, given_by=changed_by)
    return membership


@transaction.atomic
def remove_member(*, workspace: Workspace, removed_by: User, member: UUID) -> None:
    """Take the person out of the workspace, at once; anybody may leave. Raises NotFound, Forbidden, LastOwner."""
    lock(workspace)
    mine = membership_of(removed_by, workspace)
    membership = mine if mine.pk == member else _changeable(mine, member)
    take_out(membership, taken_by=removed_by)


def give_role(membership: Membership, role: Role, *, given_by: User) -> None:
    """Give the member this role; whether `given_by` may is the caller's to know. Call it under `lock`. Raises LastOwner."""
    if role != Role.OWNER:
        keep_an_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    if role not in MANAGERS:
        _withdraw_invitations(membership)
    end_sockets(membership.user_id)  # they come back with the rights of then
    record("member.role", actor=given_by, workspace=membership.workspace_id, target=membership.user_id, role=role)


def take_out(membership: Membership, *, taken_by: User) -> None:
    """Take the member out; whether `taken_by` may is the caller's to know. Call it under `lock`. Raises LastOwner."""
    keep_an_owner(membership)
    _withdraw_invitations(membership)
    end_sockets(membership.user_id)  # they come back with the rights of then
    record("member.removed", actor=taken_by, workspace=membership.workspace_id, target=membership.user_id)
    membership.delete()


def lock_installation() -> None:
    """One change of what people may do at a time, until the transaction ends; whoever locks more rows locks this one first.

    Somebody who is disabled counts as no owner, so a change here can take the last owner from any workspace.
    """
    list(Installation.objects.select_for_update())


def lock(workspace: Workspace) -> None:
    """One change of people at a time: two owners who demote each other at once would leave none, a link would outlive its maker."""
    lock_installation()
    Workspace.objects.select_for_update().get(pk=workspace.pk)


def keep_an_owner(leaving: Membership) -> None:
    """See that the workspace has an owner who can sign in without this member; call it under `lock`. Raises LastOwner."""
    if is_last_owner(leaving):
        raise LastOwner


def is_last_owner(membership: Membership) -> bool:
    """Whether nobody else who can sign in owns the workspace."""
    owners = Membership.objects.filter(workspace=membership.workspace_id, role=Role.OWNER, user__is_active=True)
    return membership.role == Role.OWNER and not owners.exclude(pk=membership.pk).exists()


def may_change(mine: Membership, theirs: Membership) -> bool:
    """Whether I may give this member of my workspace another role, or remove them: managers may, but admins leave owners alone."""
    return mine.may_manage and (theirs.role != Role.OWNER or mine.role == Role.OWNER)


def _changeable(mine: Membership, member: UUID) -> Membership:
    theirs = Membership.objects.filter(workspace=mine.workspace_id, pk=member).select_related("user").first()
    if theirs is None:
        raise NotFound
    if not may_change(mine, theirs):
        raise Forbidden
    return theirs


def _withdraw_invitations(membership: Membership) -> None:
    """A link must not outlive the right to make it: else whoever is removed could come back by their own."""
    links = Invitation.objects.open().filter(workspace=membership.workspace_id, invited_by=membership.user_id)
    links.update(revoked_at=Now())
