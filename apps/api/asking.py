"""Questions, answers, and the runs between them, for programs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import uuid4

from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Header, Router, Status

from apps.api.caller import ApiRequest
from apps.api.describing import OF_JSON, leads_to, told
from apps.api.events import ask_and_follow, follow
from apps.api.schemas import ConversationId, MessageIn, MessageOut, MessagesOut, RunId, RunOut, Slug
from apps.chat import services
from apps.chat.models import Conversation, Generation
from apps.core.errors import NotFound, ProductError
from apps.workspaces.models import Workspace
from apps.workspaces.writable import Archived

router = Router(tags=["conversations"])


class KeyReused(ProductError):
    """An Idempotency-Key stands for one question."""

    code = "idempotency_key_reused"
    status = 409
    sentence = _("This Idempotency-Key was sent before, with another question.")


REFUSED = (Archived, NotFound, KeyReused, services.QuestionEmpty, services.QuestionTooLong, services.QuestionUnreadable)
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
                    "event": {"type": "string", "enum": ["asked", "delta", "snapshot", "ended", "error"]},
                    "data": {"type": "string", "contentMediaType": "application/json", "description": "The frame, with its `type`."},
                },
            },
            "example": 'id: 1-1\nevent: delta\ndata: {"type":"delta","attempt":1,"seq":1,"text":"Three"}\n\n',
        }
    },
}


@router.post(
    "/conversations/{uuid:pk}/messages",
    response={202: RunOut},
    **told("ask", "Ask a question", *REFUSED, takes=OF_JSON, responses=leads_to(202, "follow_run stop_run", pk="$response.body#/run")),
)
def ask(request: ApiRequest, pk: ConversationId, question: MessageIn, idempotency_key: IdempotencyKey = "") -> Status[RunOut]:
    """The run that will answer.

    Follow it by `follow_run`, or ask for the messages until its answer has ended. Send an `Idempotency-Key` of your own making (a UUID,
    say): however often the same key is sent, the question is asked once, and the same run comes back.
    """
    conversation = request.auth.conversation(pk)
    run = _queued(request, conversation.workspace, conversation, question, idempotency_key)
    if run.conversation_id != conversation.pk:
        raise KeyReused
    return Status(202, RunOut.of(run))


@router.get("/conversations/{uuid:pk}/messages", response=MessagesOut, **told("list_messages", "List what was said", NotFound))
def messages(request: ApiRequest, pk: ConversationId) -> MessagesOut:
    """Questions and answers in their order, each answer as far as it goes."""
    rows = request.auth.conversation(pk).messages.select_related("run").prefetch_related("citations").order_by("sequence")
    return MessagesOut(messages=[MessageOut.of(message) for message in rows])


@router.post(
    "/workspaces/{slug:slug}/ask", **told("ask_and_follow", "Ask, and follow the answer", *REFUSED, takes=OF_JSON, responses={200: EVENTS})
)
def ask_at_once(request: ApiRequest, slug: Slug, question: MessageIn, idempotency_key: IdempotencyKey = "") -> StreamingHttpResponse:
    """The answer as a stream of events, in a new conversation.

    The first event is `asked`, with the ids of the run and the conversation: whoever loses the stream goes on by `follow_run`, and whoever
    wants to ask more does so in the conversation. After it come the events of `follow_run`.
    """
    workspace = request.auth.workspace(slug)
    run = _queued(request, workspace, None, question, idempotency_key)
    if run.workspace_id != workspace.pk:
        raise KeyReused
    return _stream(ask_and_follow(request.auth, request.auth.run(run.pk)))


@router.get("/runs/{uuid:pk}/events", **told("follow_run", "Follow an answer while it is written", NotFound, responses={200: EVENTS}))
def events(request: ApiRequest, pk: RunId, last_event_id: LastEventId = "") -> StreamingHttpResponse:
    """The run's frames as server-sent events, until it has ended.

    `delta` brings what was written since the one before, `snapshot` all of it so far, `ended` the last word: the whole text with its
    citations. `error` says that nothing can be followed for the moment. A client that comes back sends the last `id` it has seen.
    """
    return _stream(follow(request.auth, request.auth.run(pk), last_event_id))


@router.delete("/runs/{uuid:pk}", response={204: None}, **told("stop_run", "Stop an answer", NotFound))
def stop(request: ApiRequest, pk: RunId) -> Status[None]:
    """What was written is kept; stopping twice is stopping once."""
    services.stop(run=request.auth.run(pk))
    return Status(204, None)


def _queued(request: ApiRequest, workspace: Workspace, conversation: Conversation | None, question: MessageIn, key: str) -> Generation:
    """The run of this question; the same key is the same run. Raises KeyReused, and what `services.ask` raises."""
    run = services.ask(
        workspace=workspace,
        conversation=conversation,
        asked_by=request.auth.user,
        text=question.text,
        key=key or str(uuid4()),
        lane=Generation.Lane.API if request.auth.key else Generation.Lane.TALK,
        max_tokens=question.max_tokens,
    )
    if run.question.text != question.text:
        raise KeyReused
    return run


def _stream(events: AsyncIterator[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # a proxy that collects an answer defeats it
    return response
