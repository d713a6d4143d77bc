"""Let people in by a link: one person a link, seven days, no mail server."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.audit.services import record
from apps.core.errors import Forbidden, NotFound, ProductError
from apps.core.tokens import new_token, token_hash
from apps.workspaces import services
from apps.workspaces.members import add_member, lock, require_manager
from apps.workspaces.models import Invitation, Membership, Role, Workspace
from apps.workspaces.writable import hold_writable

OPEN_FOR = timedelta(days=7)


class InvitationGone(ProductError):
    """Used, revoked, too old or never made: a stranger learns nothing more."""

    code = "invitation_gone"
    status = 404
    sentence = _("This invitation is no longer open. Ask for a new link.")


class PersonalWorkspace(ProductError):
    """A personal workspace stays its owner's alone."""

    code = "personal_workspace"
    status = 409
    sentence = _("Nobody can be invited into a personal workspace.")


@transaction.atomic
def invite(*, workspace: Workspace, invited_by: User, role: Role, note: str = "") -> tuple[Invitation, str]:
    """A new invitation and its token, which is not kept. Raises NotFound, Forbidden, PersonalWorkspace, Archived."""
    lock(workspace)
    hold_writable(workspace.pk)
    mine = require_manager(invited_by, workspace)
    if role == Role.OWNER and mine.role != Role.OWNER:
        raise Forbidden
    if workspace.is_personal:
        raise PersonalWorkspace
    return make_invitation(workspace=workspace, invited_by=invited_by, role=role, note=note)


def make_invitation(*, workspace: Workspace, invited_by: User, role: Role, note: str) -> tuple[Invitation, str]:
    """A new invitation and its token; whether `invited_by` may is the caller's to know. Call it under `lock`."""
    token = new_token()
    invitation = Invitation.objects.create(
        workspace=workspace, invited_by=invited_by, role=role, note=note,
        token_hash=token_hash(token), expires_at=timezone.now() + OPEN_FOR,
    )  # fmt: skip
    record("invitation.made", actor=invited_by, workspace=workspace.pk, target=invitation.pk, role=role)
    return invitation, token


@transaction.atomic
def revoke(*, revoked_by: User, invitation: UUID) -> None:
    """Close the link. Raises NotFound where it is foreign or no longer open."""
    mine = Invitation.objects.visible_to(revoked_by).open().filter(pk=invitation)
    if not mine.update(revoked_at=Now()):
        raise NotFound
    record("invitation.revoked", actor=revoked_by, target=invitation)


def open_invitation(token: str) -> Invitation:
    """The invitation that `token` opens. Raises InvitationGone."""
    found = Invitation.objects.open().filter(token_hash=token_hash(token), workspace__deleted_at=None)
    invitation = found.select_related("workspace", "invited_by").first()
    if invitation is None:
        raise InvitationGone
    return invitation


@transaction.atomic
def accept(*, token: str, user: User) -> Membership:
    """The person's place in the workspace. Who is in it already keeps their role, and the link stays open.

    Raises InvitationGone, Archived.
    """
    invitation = open_invitation(token)
    hold_writable(invitation.workspace_id)
    if mine := Membership.objects.filter(workspace=invitation.workspace_id, user=user).first():
        return mine
    _use(invitation, user)
    return add_member(workspace=invitation.workspace, user=user, role=Role(invitation.role))


def accept_as_new_person(details: accounts.Details, *, token: str) -> Membership:
    """A new person's place in the workspace. Raises InvitationGone, Archived, and what `accounts.new_person` raises."""
    hold_writable(open_invitation(token).workspace_id)  # nobody without a good link learns whose address is taken
    user = accounts.new_person(details)
    with transaction.atomic():
        services.add_person(user)
        return accept(token=token, user=user)


def _use(invitation: Invitation, user: User) -> None:
    """Of two who come at once one gets the row."""
    if not Invitation.objects.open().filter(pk=invitation.pk).update(accepted_at=Now(), accepted_by=user):
        raise InvitationGone
    record("invitation.accepted", actor=user, workspace=invitation.workspace_id, target=invitation.pk)
