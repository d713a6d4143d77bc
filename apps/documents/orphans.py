"""Files that no row knows: of an upload that was cut off between its file and its row, by a power cut or kill -9."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from apps.documents.models import DocumentVersion

logger = logging.getLogger(__name__)
OLD_AFTER = timedelta(hours=1)  # an upload has its row a moment after its file
BATCH = 500


def delete_orphans() -> int:
    """Delete old files that no row knows, with the folders that they leave empty; how many went. What is not named by ids is not ours."""
    deleted, keys = 0, _stored()
    while batch := list(islice(keys, BATCH)):
        for key in _unknown(batch):
            deleted += _delete_if_old(key)
    if deleted:
        logger.warning("documents: %d files without a row were deleted", deleted)
    return deleted


def delete_folders(keys: Sequence[str]) -> None:
    """Delete the folders in which these files stood, where they are empty now."""
    for folder in {key.rpartition("/")[0] for key in keys}:
        with suppress(OSError):  # there is something in it
            default_storage.delete(folder)


def _stored() -> Iterator[str]:
    """The keys of all files, `workspace/document/version`."""
    for workspace in _folders(""):
        for document in _folders(workspace):
            yield from (f"{document}/{name}" for name in default_storage.listdir(document)[1] if _is_id(name))


def _folders(parent: str) -> list[str]:
    if parent == "" and not default_storage.exists(""):
        return []
    return [f"{parent}/{name}".lstrip("/") for name in default_storage.listdir(parent)[0] if _is_id(name)]


def _unknown(keys: Sequence[str]) -> list[str]:
    by_id = {UUID(key.rpartition("/")[2]): key for key in keys}
    known = set(DocumentVersion.objects.filter(pk__in=by_id).values_list("pk", flat=True))
    return [key for pk, key in by_id.items() if pk not in known]


def _delete_if_old(key: str) -> bool:
    try:
        if timezone.now() - default_storage.get_modified_time(key) < OLD_AFTER:
            return False
    except FileNotFoundError:  # somebody else deleted it meanwhile
        return False
    default_storage.delete(key)
    delete_folders([key])
    return True


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
