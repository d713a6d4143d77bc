"""Conversations and runs, for programs."""

from __future__ import annotations

from ninja import Query, Router, Status

from apps.api.caller import ApiRequest
from apps.api.describing import OF_JSON, leads_to, told
from apps.api.paging import page_of
from apps.api.schemas import (
    ConversationId,
    ConversationIn,
    ConversationOut,
    ConversationsOut,
    Paging,
    Slug,
    TitleIn,
)
from apps.chat import services
from apps.core.errors import Invalid, NotFound
from apps.workspaces.writable import Archived

router = Router(tags=["conversations"])


@router.post(
    "/workspaces/{slug:slug}/conversations",
    response={201: ConversationOut},
    **told(
        "create_conversation",
        "Begin a conversation",
        Archived,
        NotFound,
        takes=OF_JSON,
        responses=leads_to(201, "ask get_conversation rename_conversation delete_conversation list_messages", pk="$response.body#/id"),
    ),
)
def create(request: ApiRequest, slug: Slug, wanted: ConversationIn | None = None) -> Status[ConversationOut]:
    """A new conversation, which its author alone can read. The body may be left out."""
    workspace = request.auth.workspace(slug)
    title = wanted.title if wanted else ""
    return Status(201, ConversationOut.of(services.create_conversation(workspace=workspace, author=request.auth.user, title=title)))


@router.get(
    "/workspaces/{slug:slug}/conversations",
    response=ConversationsOut,
    **told("list_conversations", "List conversations", Invalid, NotFound),
)
def conversations(request: ApiRequest, slug: Slug, paging: Query[Paging]) -> ConversationsOut:
    """The caller's own conversations in the workspace, newest first."""
    rows = request.auth.conversations().filter(workspace=request.auth.workspace(slug)).select_related("workspace")
    shown, following = page_of(rows, paging)
    return ConversationsOut(results=[ConversationOut.of(conversation) for conversation in shown], next=following)


@router.get("/conversations/{uuid:pk}", response=ConversationOut, **told("get_conversation", "Get a conversation", NotFound))
def conversation(request: ApiRequest, pk: ConversationId) -> ConversationOut:
    """The conversation, without what was said in it."""
    return ConversationOut.of(request.auth.conversation(pk))


@router.patch(
    "/conversations/{uuid:pk}",
    response=ConversationOut,
    **told("rename_conversation", "Rename a conversation", Archived, NotFound, takes=OF_JSON),
)
def rename(request: ApiRequest, pk: ConversationId, wanted: TitleIn) -> ConversationOut:
    """The conversation under its new title."""
    return ConversationOut.of(services.rename(conversation=request.auth.conversation(pk), title=wanted.title))


@router.delete(
    "/conversations/{uuid:pk}",
    response={204: None},
    **told(
        "delete_conversation",
        "Delete a conversation",
        Archived,
        NotFound,
        responses=leads_to(204, "restore_conversation", pk="$request.path.pk"),
    ),
)
def delete(request: ApiRequest, pk: ConversationId) -> Status[None]:
    """Away, and its runs are stopped; `restore` brings it back for an hour."""
    services.delete(conversation=request.auth.conversation(pk))
    return Status(204, None)


@router.post(
    "/conversations/{uuid:pk}/restore",
    response=ConversationOut,
    **told("restore_conversation", "Bring a deleted conversation back", Archived, NotFound),
)
def restore(request: ApiRequest, pk: ConversationId) -> ConversationOut:
    """The conversation that was deleted in the last hour."""
    request.auth.deleted_conversation(pk)
    services.restore(pk=pk, author=request.auth.user)
    return ConversationOut.of(request.auth.conversation(pk))
