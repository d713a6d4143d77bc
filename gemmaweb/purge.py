"""Erase deleted workspaces once nobody can bring them back: rows, streams, files, and what of them is left on disk.

In steps, each a transaction of its own: requests never wait for long, and what is killed on the way is taken up again a minute later.
The workspace's row goes last, so that it is known what is not finished.
"""

from __future__ import annotations

import logging
from uuid import UUID

from apps.chat import erasing as chat
from apps.core import queue
from apps.core.errors import NotFound
from apps.documents import erasing as documents
from apps.workspaces import lifecycle
from apps.workspaces.models import Workspace
from gemmaweb import compaction

logger = logging.getLogger(__name__)
PURGE = "workspaces.purge"
STEPS = (chat.erase_some, documents.erase_some, lifecycle.erase)


def sweep() -> None:
    """Send for the purge if there is something to erase. A wake-up too many does no harm."""
    if Workspace.objects.due().exists():
        queue.send(PURGE)


def purge_due() -> None:
    """Erase all workspaces whose time is over. Safe to run twice at once, and to be killed anywhere."""
    erased = [pk for pk in Workspace.objects.due().values_list("pk", flat=True) if _erase(pk)]
    if erased and compaction.rewrite():
        for pk in erased:
            _forget(pk)


def _erase(pk: UUID) -> bool:
    """Whether nothing but the row without content is left; False where somebody else was faster."""
    try:
        while any(step(pk) for step in STEPS):
            pass
    except NotFound:
        return False
    logger.info("purge: workspace %s has no rows, streams and files any more", pk)
    return True


def _forget(pk: UUID) -> None:
    try:
        lifecycle.forget(pk)
    except NotFound:
        logger.info("purge: workspace %s was finished by another", pk)
