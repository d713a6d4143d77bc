"""What comes in and what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from django.conf import settings
from ninja import Path, Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from apps.chat.models import Conversation, Generation, Message
from apps.chat.snapshots import citation_entry, snapshot_frame
from apps.core.text.storable import storable
from apps.documents.models import Document, DocumentVersion
from apps.documents.search import Hit

MessageRole = Literal["user", "assistant"]  # the model's own class is called Role, and so is another one in the document
AnswerStatus = Literal["queued", "running", "done", "stopped", "failed"]


DOCUMENT, TALK, RUN, QUESTION, ANSWER = (f"0199a5f0-7c1e-7000-8000-00000000000{digit}" for digit in range(1, 6))
TIME = "2026-03-01T09:30:00Z"


def _example(**values: Any) -> ConfigDict:
    """What one of these looks like, for the document."""
    return ConfigDict(json_schema_extra={"examples": [values]})


def _whole(number: object) -> object:
    """7.0 is 7 in JSON, which knows one kind of number."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


WHOLE = BeforeValidator(_whole)  # stands behind the limits, or the document does not tell them
Text = Annotated[str, AfterValidator(storable)]
WORDS = {"pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}  # for the document only: what is wrong with a text is told in a sentence of ours
NO_NUL = {"pattern": r"^[^\x00]*$"}

Slug = Annotated[str, Path(description="The workspace's short name, as it stands in its address.", example="harbour")]
DocumentId = Annotated[UUID, Path(description="The document.")]
ConversationId = Annotated[UUID, Path(description="The conversation: one of the caller's own.")]
RunId = Annotated[UUID, Path(description="The run that writes an answer.")]


class Taken(Schema):
    """A body of ours: nothing unknown, nothing of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class QuestionIn(Taken):
    """A question to the documents."""

    query: Annotated[
        Text,
        Field(
            min_length=1, max_length=settings.QUESTION_MAX_CHARS, description="In plain words.", examples=["notice period"],
            json_schema_extra=NO_NUL,
        ),
    ]  # fmt: skip
    limit: Annotated[int, Field(ge=1, le=50), WHOLE] = Field(default=10, description="How many passages at most.")


class ConversationIn(Taken):
    """A new conversation."""

    title: Annotated[Text, Field(max_length=200, description="Empty: the first question's words.", json_schema_extra=NO_NUL)] = ""


class TitleIn(Taken):
    """A conversation's new title."""

    title: Annotated[Text, Field(max_length=200, examples=["The lease"], json_schema_extra={"minLength": 1, **WORDS})]


class MessageIn(Taken):
    """A question in a conversation. How long it may be is the service's to say, in a sentence."""

    text: Annotated[
        Text,
        Field(
            description="The question.", examples=["What is the notice period?"],
            json_schema_extra={"minLength": 1, "maxLength": settings.QUESTION_MAX_CHARS, **WORDS},
        ),
    ]  # fmt: skip
    max_tokens: Annotated[int, Field(ge=1), WHOLE] | None = Field(
        default=None, description="How long the answer may become; no longer than the installation allows."
    )


class Paging(Schema):
    """Where a page of results begins, and how long it is."""

    limit: int = Field(default=100, ge=1, le=1000, description="How many at most.")
    cursor: UUID | None = Field(default=None, description="`next` of the page before; without it the first page.")


class Filter(Paging):
    """Which documents."""

    status: DocumentVersion.Status | None = Field(default=None, description="Only those that stand so.")
    name: Annotated[Text, Field(max_length=255, json_schema_extra=NO_NUL)] = Field(
        default="", description="Only those with this in their name."
    )


class DocumentOut(Schema):
    """A file, and how far it has been read."""

    id: UUID
    name: str
    title: str
    status: DocumentVersion.Status
    reason: str = Field(description="Why it could not be read, for people; empty unless it has failed.")
    reason_code: str = Field(description="The same for programs; it never changes.")
    warnings: list[str] = Field(description="What is to be known of it though it was read: pages without text, parts left out.")
    kind: str = Field(description="What it is by its content: `pdf`, `docx`, ...; empty until it was opened.")
    pages: int
    size: int = Field(description="In bytes.")
    created_at: datetime
    model_config = _example(
        id=DOCUMENT, name="lease.pdf", title="Lease", status="ready", reason="", reason_code="", warnings=[], kind="pdf", pages=12,
        size=348_160, created_at=TIME,
    )  # fmt: skip

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
            kind=version.kind,
            pages=version.pages,
            size=version.size_bytes,
            created_at=document.created_at,
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
    model_config = _example(
        document={"id": DOCUMENT, "name": "lease.pdf"}, title="Lease", page=3, text="The notice period is three months.", score=7.25
    )

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """From what search found."""
        document = DocumentRef(id=hit.document_id, name=hit.document_name)
        return cls(document=document, title=hit.title, page=hit.page, text=hit.text, score=hit.score)


class HitsOut(Schema):
    """Passages, best first. `notes`: `words_alone` or `not_reranked` where a model that helps to find did not answer in time."""

    results: list[HitOut]
    notes: list[str] = []


class ConversationOut(Schema):
    """A conversation."""

    id: UUID
    workspace: str
    title: str
    created_at: datetime
    model_config = _example(id=TALK, workspace="harbour", title="The lease", created_at=TIME)

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
    model_config = _example(run=RUN, conversation=TALK, question=QUESTION, answer=ANSWER)

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


class FailureOut(Schema):
    """Why an answer failed."""

    code: str
    message: str


class MessageOut(Schema):
    """A question or an answer; an answer's text grows while it runs."""

    id: UUID
    role: MessageRole
    status: AnswerStatus
    text: str
    citations: list[CitationOut]
    run: UUID | None = None
    error: FailureOut | None = None
    model_config = _example(
        id=ANSWER, role="assistant", status="done", text="Three months [1].", run=RUN, error=None,
        citations=[{"n": 1, "document": DOCUMENT, "title": "Lease", "page": 3, "place": "", "quote": "three months", "found": "found"}],
    )  # fmt: skip

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
        return cls(id=message.pk, role=cast("MessageRole", message.role), status=cast("AnswerStatus", message.status), **said)


class MessagesOut(Schema):
    """A conversation from its first question on."""

    messages: list[MessageOut]
