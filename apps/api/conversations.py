"""Conversations and runs, for programs."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Header, Query, Router, Status

from apps.api.caller import ApiRequest
from apps.api.describing import OF_JSON, leads_to, told
from apps.api.events import follow
from apps.api.paging import page_of
from apps.api.schemas import (
    ConversationId,
    ConversationIn,
    ConversationOut,
    ConversationsOut,
    MessageIn,
    MessageOut,
    MessagesOut,
    Paging,
    RunId,
    RunOut,
    Slug,
    TitleIn,
)
from apps.chat import services
from apps.chat.models import Generation
from apps.core.errors import Invalid, NotFound, ProductError
from apps.workspaces.writable import Archived

router = Router(tags=["conversations"])


class KeyReused(ProductError):
    """An Idempotency-Key stands for one question."""

    code = "idempotency_key_reused"
    status = 409
    sentence = _("This Idempotency-Key was sent before, with another question.")


ASK = told(
    "ask",
    "Ask a question",
    Archived,
    NotFound,
    KeyReused,
    services.QuestionEmpty,
    services.QuestionTooLong,
    services.QuestionUnreadable,
    takes=OF_JSON,
    responses=leads_to(202, "follow_run stop_run", pk="$response.body#/run"),
)
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", max_length=services.KEY_MAX_CHARS, pattern="^[ -~]*$", description="The same key is the same question."
    ),
]
LastEventId = Annotated[str, Header(alias="Last-Event-ID", description="The `id` of the last event that was seen.")]
EVENTS = {
    "description": "A stream of events that ends with the run. See docs/protocol.md for what each carries.",
    "headers": {"Cache-Control": {"required": True, "schema": {"type": "string"}}},
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "title": "Event",
                "description": "One event: lines `id:`, `event:` and `data:`, and a blank one.",
                "required": ["event", "data"],
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9]+-[0-9]+$", "description": "For `Last-Event-ID`."},
                    "event": {"type": "string", "enum": ["delta", "snapshot", "ended", "error"]},
                    "data": {"type": "string", "contentMediaType": "application/json", "description": "The frame, with its `type`."},
                },
            },
            "example": 'id: 1-1\nevent: delta\ndata: {"type":"delta","attempt":1,"seq":1,"text":"Three"}\n\n',
        }
    },
}


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


@router.post("/conversations/{uuid:pk}/messages", response={202: RunOut}, **ASK)
def ask(request: ApiRequest, pk: ConversationId, question: MessageIn, idempotency_key: IdempotencyKey = "") -> Status[RunOut]:
    """The run that will answer.

    Follow it by `follow_run`, or ask for the messages until its answer has ended. Send an `Idempotency-Key` of your own making (a UUID,
    say): however often the same key is sent, the question is asked once, and the same run comes back.
    """
    conversation = request.auth.conversation(pk)
    run = services.ask(
        workspace=conversation.workspace,
        conversation=conversation,
        asked_by=request.auth.user,
        text=question.text,
        key=idempotency_key or str(uuid4()),
        lane=Generation.Lane.API if request.auth.key else Generation.Lane.TALK,
        max_tokens=question.max_tokens,
    )
    if run.conversation_id != conversation.pk or run.question.text != question.text:
        raise KeyReused
    return Status(202, RunOut.of(run))


@router.get("/conversations/{uuid:pk}/messages", response=MessagesOut, **told("list_messages", "List what was said", NotFound))
def messages(request: ApiRequest, pk: ConversationId) -> MessagesOut:
    """Questions and answers in their order, each answer as far as it goes."""
    rows = request.auth.conversation(pk).messages.select_related("run").prefetch_related("citations").order_by("sequence")
    return MessagesOut(messages=[MessageOut.of(message) for message in rows])


@router.get("/runs/{uuid:pk}/events", **told("follow_run", "Follow an answer while it is written", NotFound, responses={200: EVENTS}))
def events(request: ApiRequest, pk: RunId, last_event_id: LastEventId = "") -> StreamingHttpResponse:
    """The run's frames as server-sent events, until it has ended.

    `delta` brings what was written since the one before, `snapshot` all of it so far, `ended` the last word: the whole text with its
    citations. `error` says that nothing can be followed for the moment. A client that comes back sends the last `id` it has seen.
    """
    run = request.auth.run(pk)
    response = StreamingHttpResponse(follow(request.auth, run, last_event_id), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # a proxy that collects an answer defeats it
    return response


@router.delete("/runs/{uuid:pk}", response={204: None}, **told("stop_run", "Stop an answer", NotFound))
def stop(request: ApiRequest, pk: RunId) -> Status[None]:
    """What was written is kept; stopping twice is stopping once."""
    services.stop(run=request.auth.run(pk))
    return Status(204, None)
