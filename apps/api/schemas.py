"""What comes in and what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from django.conf import settings
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from apps.chat.models import Conversation, Generation, Message
from apps.chat.snapshots import citation_entry, snapshot_frame
from apps.documents.models import Document, DocumentVersion
from apps.documents.search import Hit

AnswerStatus = Literal["queued", "running", "done", "stopped", "failed"]


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL, and half a surrogate pair is no character."""
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not hold NUL characters or halves of surrogate pairs")
    return text


Text = Annotated[str, AfterValidator(_storable)]


class Taken(Schema):
    """A body of ours: nothing unknown, nothing of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class QuestionIn(Taken):
    """A question to the documents."""

    query: Annotated[Text, Field(min_length=1, max_length=settings.QUESTION_MAX_CHARS)]
    limit: int = Field(default=10, ge=1, le=50)


class ConversationIn(Taken):
    """A new conversation."""

    title: Annotated[Text, Field(max_length=200)] = ""


class MessageIn(Taken):
    """A question in a conversation. How long it may be is the service's to say, in a sentence."""

    text: Text
    max_tokens: int | None = Field(default=None, ge=1)


class Paging(Schema):
    """Where a page of results begins, and how long it is."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: UUID | None = None


class DocumentOut(Schema):
    """A file, and how far it has been read."""

    id: UUID
    name: str
    title: str
    status: DocumentVersion.Status
    reason: str
    reason_code: str
    warnings: list[str]
    pages: int
    size: int

    @classmethod
    def of(cls, document: Document) -> DocumentOut:
        """From its row, with its current version."""
        version = document.current
        if version is None:
            raise ValueError(f"document {document.pk} has no version")
        return cls(
            id=document.pk,
            name=document.name,
            title=document.title,
            status=DocumentVersion.Status(version.status),
            reason=version.why_failed,
            reason_code=version.reason_code,
            warnings=version.notes,
            pages=version.pages,
            size=version.size_bytes,
        )


class DocumentsOut(Schema):
    """A page of files, newest first; `next` is the cursor of the page after it."""

    results: list[DocumentOut]
    next: str | None


class DocumentRef(Schema):
    """Which file."""

    id: UUID
    name: str


class HitOut(Schema):
    """A passage."""

    document: DocumentRef
    title: str
    page: int
    text: str
    score: float

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """From what search found."""
        document = DocumentRef(id=hit.document_id, name=hit.document_name)
        return cls(document=document, title=hit.title, page=hit.page, text=hit.text, score=hit.score)


class HitsOut(Schema):
    """Passages, best first."""

    results: list[HitOut]


class ConversationOut(Schema):
    """A conversation."""

    id: UUID
    workspace: str
    title: str
    created_at: datetime

    @classmethod
    def of(cls, conversation: Conversation) -> ConversationOut:
        """From its row, with its workspace."""
        return cls(id=conversation.pk, workspace=conversation.workspace.slug, title=conversation.title, created_at=conversation.created_at)


class ConversationsOut(Schema):
    """A page of conversations, newest first; `next` is the cursor of the page after it."""

    results: list[ConversationOut]
    next: str | None


class RunOut(Schema):
    """A question that was stored, and the run that answers it."""

    run: UUID
    conversation: UUID
    question: UUID
    answer: UUID

    @classmethod
    def of(cls, run: Generation) -> RunOut:
        """From its row."""
        return cls(run=run.pk, conversation=run.conversation_id, question=run.question_id, answer=run.answer_id)


class CitationOut(Schema):
    """What marker [n] of an answer stands for; `document` is null once the file is gone."""

    n: int
    document: UUID | None
    title: str
    page: int
    place: str
    quote: str
    found: str


class ErrorOut(Schema):
    """Why an answer failed."""

    code: str
    message: str


class MessageOut(Schema):
    """A question or an answer; an answer's text grows while it runs."""

    id: UUID
    role: Message.Role
    status: AnswerStatus
    text: str
    citations: list[CitationOut]
    run: UUID | None = None
    error: ErrorOut | None = None

    @classmethod
    def of(cls, message: Message) -> MessageOut:
        """From its row, with its run and its citations."""
        said: dict[str, Any] = {"text": message.text, "citations": [citation_entry(citation) for citation in message.citations.all()]}
        if message.role == Message.Role.ASSISTANT:
            run = message.run
            if not run.has_ended:
                shown = snapshot_frame(run)
                said = {"text": shown["text"], "citations": shown["citations"]}
            said |= {"run": run.pk, "error": {"code": run.error, "message": run.error_sentence} if run.error else None}
        return cls(id=message.pk, role=Message.Role(message.role), status=cast("AnswerStatus", message.status), **said)


class MessagesOut(Schema):
    """A conversation from its first question on."""

    messages: list[MessageOut]
