"""Whether anything may change in a workspace, and a hold on it until the change is made."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from apps.core.errors import NotFound, ProductError

_HOLD = "SELECT archived_at FROM workspaces_workspace WHERE id = %s AND deleted_at IS NULL FOR SHARE"


class Archived(ProductError):
    """An archived workspace is there to be read."""

    code = "archived"
    status = 409
    sentence = _("This workspace is archived: it can be read, but nothing in it changes. One of its owners can put it back into use.")


def hold_writable(workspace: UUID) -> None:
    """Nothing, if the workspace is in use; and so it stays until the transaction ends, as archiving and deleting wait for it.

    To be called before any other row is locked. Raises Archived, and NotFound where it was deleted.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [workspace])
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    if row[0] is not None:
        raise Archived
