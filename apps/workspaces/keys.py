"""Keys for programs."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.audit.services import record
from apps.core.errors import NotFound
from apps.core.tokens import new_token, token_hash
from apps.workspaces.members import membership_of
from apps.workspaces.models import ApiKey, Workspace

PREFIX = "gemma_"
NOTE_USE_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_key(*, user: User, workspace: Workspace, name: str) -> tuple[ApiKey, str]:
    """A new key and its text, which is not kept. Raises NotFound where the person is not in the workspace."""
    membership_of(user, workspace)
    text = new_token(PREFIX)
    key = ApiKey.objects.create(user=user, workspace=workspace, name=name, key_hash=token_hash(text), last_four=text[-4:])
    record("key.created", actor=user, workspace=workspace.pk, target=key.pk)
    return key, text


@transaction.atomic
def revoke_key(*, user: User, key: UUID) -> None:
    """End the person's key. Raises NotFound where it is foreign or has ended."""
    if not ApiKey.objects.filter(user=user, revoked_at=None, pk=key).update(revoked_at=Now()):
        raise NotFound
    record("key.revoked", actor=user, target=key)


def find_key(text: str) -> ApiKey | None:
    """The live key of this text, its person still active and still in its workspace; None for anything else."""
    key = ApiKey.objects.filter(key_hash=token_hash(text), revoked_at=None).select_related("user", "workspace").first()
    if key is None or not Workspace.objects.visible_to(key.user).filter(pk=key.workspace_id).exists():
        return None
    _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    """At most once a minute: a busy program should not write a row for each request."""
    is_old = Q(last_used_at=None) | Q(last_used_at__lt=Now() - NOTE_USE_EVERY)
    ApiKey.objects.filter(is_old, pk=key.pk).update(last_used_at=Now())
