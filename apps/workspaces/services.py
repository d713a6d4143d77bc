"""Make workspaces, and set up the installation."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.audit.services import record
from apps.core.errors import NotFound, ProductError
from apps.workspaces.members import require_manager
from apps.workspaces.models import Installation, Membership, Role, Workspace
from apps.workspaces.writable import hold_writable

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_MAX_CHARS = 60


class AlreadySetUp(ProductError):
    """Somebody else made the first administrator."""

    code = "already_set_up"
    status = 409
    sentence = gettext_lazy("This installation has been set up already. Sign in, or ask its administrator to invite you.")


class BadSlug(ProductError):
    """The short name of a workspace stands in addresses."""

    code = "bad_slug"
    status = 422
    sentence = gettext_lazy("A short name has at most 60 small letters (a to z), digits and single hyphens between them.")


class SlugTaken(ProductError):
    """Short names are unique in the installation."""

    code = "slug_taken"
    status = 409
    sentence = gettext_lazy("Another workspace has this short name.")


class NoSuchWorkspace(ProductError):
    """No workspace of this name. Only for commands: a page must not tell what exists."""

    code = "no_such_workspace"
    status = 404


def is_set_up() -> bool:
    """Whether there is a first administrator."""
    return Installation.objects.exists()


def set_up(details: accounts.Details, *, workspace_name: str) -> tuple[User, Workspace]:
    """The first administrator and the first workspace; one only, however many race for it.

    Raises AlreadySetUp, and what `accounts.new_person` raises.
    """
    if is_set_up():
        raise AlreadySetUp
    user = accounts.new_person(details, is_superuser=True)  # hashed before the transaction, which others wait for
    with transaction.atomic():
        _claim_installation()
        add_person(user)
        workspace = create_workspace(name=workspace_name, owner=user)
        record("installation.set_up", actor=user, workspace=workspace.pk)
    return user, workspace


def _claim_installation() -> None:
    """Insert the one row: the primary key lets one transaction through, the others wait for it and are told."""
    try:
        with transaction.atomic():
            Installation.objects.create()
    except IntegrityError:
        raise AlreadySetUp from None


@transaction.atomic
def add_person(user: User, *, added_by: User | None = None) -> User:
    """The person of `accounts.new_person`, saved, with a workspace of their own. Raises EmailTaken."""
    accounts.add_person(user, added_by=added_by)
    create_workspace(name=_("Personal"), owner=user, slug=free_slug(user.email.split("@")[0]), is_personal=True)
    return user


@transaction.atomic
def create_workspace(
    *, name: str, owner: User, slug: str | None = None, is_personal: bool = False, made_by: User | None = None
) -> Workspace:
    """A new workspace that `owner` owns; without `slug` one is made from the name. Raises BadSlug, SlugTaken."""
    slug = free_slug(name) if slug is None else slug
    if not SLUG.fullmatch(slug) or len(slug) > SLUG_MAX_CHARS:
        raise BadSlug
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(name=name.strip(), slug=slug, is_personal=is_personal)
    except IntegrityError:
        raise SlugTaken from None
    Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
    record("workspace.created", actor=made_by or owner, workspace=workspace.pk)
    return workspace


@transaction.atomic
def change_workspace(*, changed: Workspace, changed_by: User) -> None:
    """Save name, way of answering, model and language as they stand in `changed`. Raises NotFound, Forbidden, Archived."""
    hold_writable(changed.pk)
    require_manager(changed_by, changed)
    changed.save(update_fields=["name", "answering", "chosen_model", "language"])
    record("workspace.changed", actor=changed_by, workspace=changed.pk)


def free_slug(name: str) -> str:
    """A short name made from `name` that no workspace has yet: harbour, harbour-2, harbour-3, ..."""
    base = re.sub(r"[-_]+", "-", slugify(name))[:50].strip("-") or "workspace"
    taken = set(Workspace.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)


def visible_workspace(user: User, slug: str) -> Workspace:
    """The workspace at `slug`, if `user` is in it. Raises NotFound."""
    workspace = Workspace.objects.visible_to(user).filter(slug=slug).first()
    if workspace is None:
        raise NotFound
    return workspace


def team_workspace(slug: str) -> Workspace:
    """The workspace at `slug` that people can be added to, for commands. Raises NoSuchWorkspace."""
    workspace = Workspace.objects.filter(slug=slug, is_personal=False, deleted_at=None).first()
    if workspace is None:
        raise NoSuchWorkspace(f"There is no team's workspace {slug!r}.")
    return workspace
