"""Who asks, where they belong, who else is there, and the keys they have given out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from apps.accounts.models import User
from apps.api.caller import ApiRequest
from apps.api.describing import told
from apps.api.paging import page_of
from apps.api.schemas import Paging, Slug
from apps.core.errors import Invalid, NotFound
from apps.workspaces.keys import revoke_key
from apps.workspaces.models import ApiKey, Membership, Role, Workspace

router = Router()
KeyId = Annotated[UUID, Path(description="The key's id: not the key itself.")]


class PersonOut(Schema):
    """A person."""

    id: UUID
    email: str
    name: str

    @classmethod
    def of(cls, user: User) -> PersonOut:
        """From their row."""
        return cls(id=user.pk, email=user.email, name=user.name)


class KeyOut(Schema):
    """A key, without its text: that was shown once, when it was made."""

    id: UUID
    name: str
    workspace: str
    last_four: str
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> KeyOut:
        """From its row, with its workspace."""
        return cls(
            id=key.pk,
            name=key.name,
            workspace=key.workspace.slug,
            last_four=key.last_four,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
        )


class MeOut(PersonOut):
    """The caller; `key` is the one they came with, null for a session."""

    language: str
    time_zone: str
    is_administrator: bool
    key: KeyOut | None


class WorkspaceOut(Schema):
    """A workspace, and what the caller is in it."""

    id: UUID
    slug: str
    name: str
    is_personal: bool
    is_archived: bool = Field(description="Then everything in it can be read, and nothing changes.")
    language: str
    role: Role

    @classmethod
    def of(cls, workspace: Workspace, role: str) -> WorkspaceOut:
        """From its row."""
        return cls(
            id=workspace.pk,
            slug=workspace.slug,
            name=workspace.name,
            is_personal=workspace.is_personal,
            is_archived=workspace.archived_at is not None,
            language=workspace.language,
            role=Role(role),
        )


class WorkspacesOut(Schema):
    """The caller's workspaces, by name."""

    results: list[WorkspaceOut]


class MemberOut(PersonOut):
    """A person of a workspace."""

    role: Role
    since: datetime


class MembersOut(Schema):
    """A page of members, newest first; `next` is the cursor of the page after it."""

    results: list[MemberOut]
    next: str | None


class KeysOut(Schema):
    """A page of keys, newest first; `next` is the cursor of the page after it."""

    results: list[KeyOut]
    next: str | None


@router.get("/me", response=MeOut, tags=["me"], **told("get_me", "Who am I?"))
def me(request: ApiRequest) -> MeOut:
    """The person that this key or session acts for."""
    user, key = request.auth.user, request.auth.key
    return MeOut(
        id=user.pk,
        email=user.email,
        name=user.name,
        language=user.language,
        time_zone=user.time_zone,
        is_administrator=user.is_superuser,
        key=KeyOut.of(key) if key else None,
    )


@router.get("/keys", response=KeysOut, tags=["me"], **told("list_keys", "List my keys", Invalid))
def keys(request: ApiRequest, paging: Query[Paging]) -> KeysOut:
    """The caller's keys that work; with a key those of its workspace. New ones are made on the page *Keys for programs*."""
    shown, following = page_of(request.auth.keys().select_related("workspace"), paging)
    return KeysOut(results=[KeyOut.of(key) for key in shown], next=following)


@router.delete("/keys/{uuid:pk}", response={204: None}, tags=["me"], **told("revoke_key", "Revoke a key", NotFound))
def revoke(request: ApiRequest, pk: KeyId) -> Status[None]:
    """The key works no more, at once and for ever. A key may revoke itself."""
    if not request.auth.keys().filter(pk=pk).exists():
        raise NotFound
    revoke_key(user=request.auth.user, key=pk)
    return Status(204, None)


@router.get("/workspaces", response=WorkspacesOut, tags=["workspaces"], **told("list_workspaces", "List workspaces"))
def workspaces(request: ApiRequest) -> WorkspacesOut:
    """The workspaces that the caller belongs to; with a key the one that it opens."""
    mine = request.auth.memberships().select_related("workspace").order_by("workspace__name", "workspace__slug")
    return WorkspacesOut(results=[WorkspaceOut.of(place.workspace, place.role) for place in mine])


@router.get("/workspaces/{slug:slug}", response=WorkspaceOut, tags=["workspaces"], **told("get_workspace", "Get a workspace", NotFound))
def workspace(request: ApiRequest, slug: Slug) -> WorkspaceOut:
    """The workspace, and the caller's role in it."""
    found = request.auth.workspace(slug)
    return WorkspaceOut.of(found, request.auth.memberships().get(workspace=found).role)


@router.get(
    "/workspaces/{slug:slug}/people",
    response=MembersOut,
    tags=["workspaces"],
    **told("list_people", "List the people of a workspace", Invalid, NotFound),
)
def people(request: ApiRequest, slug: Slug, paging: Query[Paging]) -> MembersOut:
    """The members of the workspace, as its page of people shows them to each other."""
    members = Membership.objects.filter(workspace=request.auth.workspace(slug)).select_related("user")
    shown, following = page_of(members, paging)
    return MembersOut(results=[_member(place) for place in shown], next=following)


def _member(place: Membership) -> MemberOut:
    user = place.user
    return MemberOut(id=user.pk, email=user.email, name=user.name, role=Role(place.role), since=place.created_at)
