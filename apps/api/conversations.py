"""Conversations and runs, for programs."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Status

from apps.api.caller import ApiRequest
from apps.api.events import follow
from apps.api.paging import page_of
from apps.api.schemas import ConversationIn, ConversationOut, ConversationsOut, MessageIn, MessageOut, MessagesOut, Paging, RunOut
from apps.chat import services
from apps.chat.models import Generation
from apps.core.errors import ProductError

router = Router(tags=["conversations"])


class KeyReused(ProductError):
    """An Idempotency-Key stands for one question."""

    code = "idempotency_key_reused"
    status = 409
    sentence = _("This Idempotency-Key was sent before, with another question.")


@router.post("/workspaces/{slug:slug}/conversations", response={201: ConversationOut})
def create(request: ApiRequest, slug: str, wanted: ConversationIn | None = None) -> Status[ConversationOut]:
    """A new conversation, which its author alone can read."""
    workspace = request.auth.workspace(slug)
    title = wanted.title if wanted else ""
    return Status(201, ConversationOut.of(services.create_conversation(workspace=workspace, author=request.auth.user, title=title)))


@router.get("/workspaces/{slug:slug}/conversations", response=ConversationsOut)
def conversations(request: ApiRequest, slug: str, paging: Query[Paging]) -> ConversationsOut:
    """The caller's own conversations in the workspace, newest first."""
    rows = request.auth.conversations().filter(workspace=request.auth.workspace(slug)).select_related("workspace")
    shown, following = page_of(rows, paging)
    return ConversationsOut(results=[ConversationOut.of(conversation) for conversation in shown], next=following)


@router.post("/conversations/{uuid:pk}/messages", response={202: RunOut})
def ask(request: ApiRequest, pk: UUID, question: MessageIn) -> Status[RunOut]:
    """The run that will answer; the same Idempotency-Key is the same run."""
    conversation = request.auth.conversation(pk)
    run = services.ask(
        workspace=conversation.workspace,
        conversation=conversation,
        asked_by=request.auth.user,
        text=question.text,
        key=request.headers.get("Idempotency-Key") or str(uuid4()),
        lane=Generation.Lane.API if request.auth.key else Generation.Lane.TALK,
        max_tokens=question.max_tokens,
    )
    if run.conversation_id != conversation.pk or run.question.text != question.text:
        raise KeyReused
    return Status(202, RunOut.of(run))


@router.get("/conversations/{uuid:pk}/messages", response=MessagesOut)
def messages(request: ApiRequest, pk: UUID) -> MessagesOut:
    """Everything that was said, as far as it goes."""
    rows = request.auth.conversation(pk).messages.select_related("run").prefetch_related("citations").order_by("sequence")
    return MessagesOut(messages=[MessageOut.of(message) for message in rows])


@router.get("/runs/{uuid:pk}/events", include_in_schema=True)
def events(request: ApiRequest, pk: UUID) -> StreamingHttpResponse:
    """The run's frames as server-sent events, until it has ended."""
    run = request.auth.run(pk)
    response = StreamingHttpResponse(follow(request.auth, run, request.headers.get("Last-Event-ID", "")), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # a proxy that collects an answer defeats it
    return response


@router.delete("/runs/{uuid:pk}", response={204: None})
def stop(request: ApiRequest, pk: UUID) -> Status[None]:
    """What was written is kept; stopping twice is stopping once."""
    services.stop(run=request.auth.run(pk))
    return Status(204, None)
