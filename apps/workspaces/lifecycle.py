"""The later life of a workspace: left, archived, deleted, brought back, and in the end erased."""

from __future__ import annotations

import unicodedata
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.audit.services import record
from apps.core import queue
from apps.core.errors import Forbidden, NotFound, ProductError
from apps.core.live import end_all_sockets
from apps.workspaces.members import lock, membership_of, remove_member
from apps.workspaces.models import Membership, Workspace

# Whoever works for a workspace that is gone is told at once; if the message is lost, their own rounds find out seconds later.
STOP_WORK = ("chat.sweep",)


class PersonalStays(ProductError):
    """Each person has one workspace of their own, for as long as they are here."""

    code = "personal_stays"
    status = 409
    sentence = _("This is your own workspace: it cannot be left, archived or deleted.")


class WrongName(ProductError):
    """Who deletes a workspace types its name, so that it is this one and no other."""

    code = "wrong_name"
    status = 422
    sentence = _("That is not the name of this workspace, so it was not deleted. Type the name as it stands in the dialog.")


@transaction.atomic
def leave(*, workspace: Workspace, user: User) -> None:
    """Give up the person's own place. Raises NotFound, PersonalStays, LastOwner."""
    mine = membership_of(user, workspace)
    if workspace.is_personal:
        raise PersonalStays
    remove_member(workspace=workspace, removed_by=user, member=mine.pk)


@transaction.atomic
def archive(*, workspace: Workspace, archived_by: User) -> None:
    """Make everything in the workspace read only, for everybody; twice is once. Raises NotFound, Forbidden, PersonalStays."""
    _require_owner(workspace, archived_by)
    if Workspace.objects.filter(pk=workspace.pk, archived_at=None).update(archived_at=Now()):
        record("workspace.archived", actor=archived_by, workspace=workspace.pk)


@transaction.atomic
def unarchive(*, workspace: Workspace, unarchived_by: User) -> None:
    """Put the workspace back into use; twice is once. Raises NotFound, Forbidden, PersonalStays."""
    _require_owner(workspace, unarchived_by)
    if Workspace.objects.filter(pk=workspace.pk).exclude(archived_at=None).update(archived_at=None):
        record("workspace.unarchived", actor=unarchived_by, workspace=workspace.pk)


@transaction.atomic
def delete(*, workspace: Workspace, deleted_by: User, typed_name: str) -> None:
    """Take the workspace from everybody at once: its pages, sockets, keys, links, runs and readings. `restore` undoes it for UNDO_FOR.

    Raises NotFound, Forbidden, PersonalStays, WrongName.
    """
    _require_owner(workspace, deleted_by)
    workspace.refresh_from_db(fields=["name"])  # it may have been renamed while the dialog was open
    if _as_read(typed_name) != _as_read(workspace.name):
        raise WrongName
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=Now())
    end_all_sockets(Membership.objects.filter(workspace=workspace).values_list("user", flat=True))
    for task in STOP_WORK:
        queue.send_on_commit(task)
    record("workspace.deleted", actor=deleted_by, workspace=workspace.pk)


@transaction.atomic
def restore(*, pk: UUID, restored_by: User) -> Workspace:
    """The deleted workspace, for all its members as it was. Raises NotFound where the time is over, or it is not theirs to bring back."""
    workspace = Workspace.objects.restorable_by(restored_by).select_for_update().filter(pk=pk).first()
    if workspace is None:
        raise NotFound
    workspace.deleted_at = None
    workspace.save(update_fields=["deleted_at"])
    record("workspace.restored", actor=restored_by, workspace=workspace.pk)
    return workspace


def hold_due(pk: UUID) -> Workspace:
    """The workspace whose time for undo is over, locked until the transaction ends. Raises NotFound: it is back, or erased."""
    workspace = Workspace.objects.due().select_for_update().filter(pk=pk).first()
    if workspace is None:
        raise NotFound
    return workspace


@transaction.atomic
def erase(pk: UUID) -> bool:
    """Erase the workspace and all that still hangs on it; False if that is done. Raises NotFound.

    A row without content stays in its place until its pages on disk have been rewritten: what is killed on the way is begun again by it.
    """
    workspace = hold_due(pk)
    if not workspace.name:
        return False
    deleted_at = workspace.deleted_at
    workspace.delete()
    Workspace.objects.create(pk=pk, name="", slug=f"erased-{pk.hex}", deleted_at=deleted_at)
    record("workspace.erased", workspace=pk)
    return True


@transaction.atomic
def forget(pk: UUID) -> None:
    """Remove the row that `erase` has left. Raises NotFound."""
    hold_due(pk).delete()


def _require_owner(workspace: Workspace, user: User) -> None:
    lock(workspace)
    if not membership_of(user, workspace).is_owner:
        raise Forbidden
    if workspace.is_personal:
        raise PersonalStays


def _as_read(name: str) -> str:
    """The name as a person sees it, whatever spaces and accents it is made of."""
    return " ".join(unicodedata.normalize("NFC", name).split())
