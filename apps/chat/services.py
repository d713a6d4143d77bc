"""What a person does with conversations: ask, stop, rename, delete, bring back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.chat.ending import end
from apps.chat.models import Conversation, Generation, Message
from apps.chat.requested import Requested, question_of
from apps.chat.snapshots import written_so_far
from apps.chat.waiting import WAKE, tell_places_on_commit
from apps.core import live, queue
from apps.core.database import only
from apps.core.errors import Invalid, NotFound, ProductError
from apps.inference.choice import is_missing
from apps.workspaces.models import Workspace
from apps.workspaces.writable import hold_writable

TITLE_MAX_CHARS = 60
KEY_MAX_CHARS = 100
UNDO_FOR = timedelta(hours=1)
PROGRAM = "API"  # the title of what programs ask: no page shows it

Status = Generation.Status


class QuestionEmpty(ProductError):
    """A question of no words."""

    code = "question_empty"
    sentence = _("Write a question first.")


class QuestionTooLong(ProductError):
    """More characters than a question may have."""

    code = "question_too_long"
    status = 413
    sentence = _("This question is too long. Put the long part into a file, drop it on the page, and ask about it.")


class NoSuchChoice(ProductError):
    """The model that was chosen is not there."""

    code = "no_such_choice"
    status = 409
    sentence = _("This model is not there any more. Choose another one.")


class QuestionUnreadable(ProductError):
    """Characters that are none: NUL, halves of surrogate pairs."""

    code = "question_unreadable"
    sentence = _("This question holds characters that are none. Paste it as plain text.")


@transaction.atomic
def create_conversation(*, workspace: Workspace, author: User, title: str = "") -> Conversation:
    """A new, empty conversation of `author` alone. Raises NotFound and Archived, where the workspace is gone or read only."""
    hold_writable(workspace.pk)
    return Conversation.objects.create(workspace=workspace, author=author, title=clean_title(title))


def ask(
    *,
    workspace: Workspace,
    conversation: Conversation | None,
    asked_by: User,
    text: str,
    key: str,
    lane: int = Generation.Lane.TALK,
    max_tokens: int | None = None,
    new: UUID | None = None,
) -> Generation:
    """Queue an answer to `text` and return its run, still QUEUED; the same `key` returns the same run, however it fares.

    Without a conversation one is made, under the id `new` where that is given. Raises QuestionEmpty, QuestionTooLong,
    QuestionUnreadable, Invalid, Archived, and NotFound where the conversation or its workspace was deleted meanwhile.
    """
    _refuse_bad_question(text, key, max_tokens)
    try:
        with transaction.atomic():
            hold_writable(workspace.pk)
            talk = _locked(conversation) if conversation else _new(new, workspace=workspace, author=asked_by)
            return _store(talk, asked_by=asked_by, text=text, key=key, lane=lane, max_tokens=_limit(max_tokens))
    except (IntegrityError, ProductError):
        run = Generation.objects.filter(asked_by=asked_by, key=key).select_related("question", "answer").first()
        if run is None:
            raise
        return run  # it has come before


@transaction.atomic
def ask_for_program(
    *, workspace: Workspace, asked_by: User, request: Requested, max_tokens: int | None, chosen: UUID | None = None
) -> Generation:
    """Queue an answer to what a program asks, whole, by the OpenAI API; its run, still QUEUED, behind the questions of people.

    Its conversation is of this one request, and is seen by nobody else; the `chosen` model answers, None being the workspace's.
    Raises NotFound and Archived.
    """
    hold_writable(workspace.pk)
    talk = Conversation(workspace=workspace, author=asked_by, title=PROGRAM, is_program=True, chosen_model=chosen)
    return _store(
        talk,
        asked_by=asked_by,
        text=question_of(request),
        key=str(uuid4()),
        lane=Generation.Lane.API,
        max_tokens=_limit(max_tokens),
        request=request,
    )


def _refuse_bad_question(text: str, key: str, max_tokens: int | None) -> None:
    if not text.strip():
        raise QuestionEmpty
    if len(text) > settings.QUESTION_MAX_CHARS:
        raise QuestionTooLong
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise QuestionUnreadable
    if not 0 < len(key) <= KEY_MAX_CHARS or not key.isprintable():
        raise Invalid(fields={"key": f"must be 1 to {KEY_MAX_CHARS} printable characters"})
    if max_tokens is not None and max_tokens < 1:
        raise Invalid(fields={"max_tokens": "must be at least 1"})


def _limit(max_tokens: int | None) -> int:
    return min(max_tokens or settings.ANSWER_MAX_TOKENS, settings.ANSWER_MAX_TOKENS)


def _new(pk: UUID | None, **fields: Any) -> Conversation:
    """Not saved yet."""
    return Conversation(**fields, **({"pk": pk} if pk else {}))


def _locked(conversation: Conversation) -> Conversation:
    """The conversation as it is now, ours alone until the transaction ends. Raises NotFound: it may have gone meanwhile."""
    return only(Conversation.objects.select_for_update().filter(pk=conversation.pk, deleted_at=None))


def _store(talk: Conversation, *, asked_by: User, text: str, **of_run: Any) -> Generation:
    """`talk` is new and not saved yet, or locked."""
    last = talk.messages.order_by("-sequence").first() if talk.next_sequence > 1 else None
    question = Message(conversation=talk, parent=last, sequence=talk.next_sequence, role=Message.Role.USER, text=text)
    answer = Message(conversation=talk, parent=question, sequence=talk.next_sequence + 1, role=Message.Role.ASSISTANT)
    talk.next_sequence += 2
    talk.updated_at = timezone.now()
    if not talk.title:
        talk.title = clean_title(text)
        _tell_title(talk)
    talk.save(update_fields=None if talk._state.adding else ["next_sequence", "updated_at", "title"])
    Message.objects.bulk_create([question, answer])
    run = Generation.objects.create(
        workspace_id=talk.workspace_id,
        conversation=talk,
        question=question,
        answer=answer,
        asked_by=asked_by,
        **of_run,
    )
    live.publish_on_commit(f"conversation:{talk.pk}", asked_frame(run))
    tell_places_on_commit()
    queue.send_on_commit(WAKE)
    return run


def asked_frame(run: Generation) -> dict[str, object]:
    """The `asked` frame: a question was stored, and this run answers it."""
    return {
        "type": "asked",
        "conversation": str(run.conversation_id),
        "key": run.key,
        "run": str(run.pk),
        "question": {"id": str(run.question.pk), "sequence": run.question.sequence, "text": run.question.text},
        "answer": {"id": str(run.answer.pk), "sequence": run.answer.sequence},
    }


@transaction.atomic
def stop(*, run: Generation) -> None:
    """End the run: at once where it waits, by its worker where it runs. What was written is kept; stopping twice is stopping once."""
    locked = Generation.objects.select_for_update().get(pk=run.pk)
    if locked.status == Status.QUEUED:
        end(locked, status=Status.STOPPED, written=written_so_far(locked))
        tell_places_on_commit()
    elif locked.status == Status.RUNNING:
        Generation.objects.filter(pk=run.pk).update(status=Status.STOPPING)
        live.publish_on_commit(f"run:{run.pk}", {"type": "stop"})


@transaction.atomic
def rename(*, conversation: Conversation, title: str) -> Conversation:
    """The conversation under its new title. Raises Invalid on an empty one, NotFound and Archived where it cannot be changed."""
    hold_writable(conversation.workspace_id)
    conversation.title = clean_title(title, max_chars=200)
    if not conversation.title:
        raise Invalid(fields={"title": "must not be empty"})
    conversation.save(update_fields=["title"])
    _tell_title(conversation)
    return conversation


@transaction.atomic
def choose_model(*, conversation: Conversation, chosen: UUID | None) -> Conversation:
    """The conversation, answered by this model from the next question on; by the workspace's for None.

    Raises NoSuchChoice where there is none, NotFound and Archived where the conversation cannot be changed.
    """
    hold_writable(conversation.workspace_id)
    if is_missing(chosen):
        raise NoSuchChoice
    conversation.chosen_model = chosen
    conversation.save(update_fields=["chosen_model"])
    return conversation


@transaction.atomic
def delete(*, conversation: Conversation) -> None:
    """Take the conversation away and stop its runs; it can be brought back for UNDO_FOR, then it is erased. Raises NotFound, Archived."""
    hold_writable(conversation.workspace_id)
    Conversation.objects.filter(pk=conversation.pk, deleted_at=None).update(deleted_at=timezone.now())
    for run in Generation.objects.active().filter(conversation=conversation).order_by("pk"):
        stop(run=run)
    live.publish_on_commit(f"user:{conversation.author_id}", {"type": "removed", "conversation": str(conversation.pk)})


@transaction.atomic
def restore(*, pk: UUID, author: User) -> Conversation:
    """Bring back what `author` deleted. Raises NotFound where it is erased, or never was theirs, and Archived."""
    deleted = Conversation.objects.filter(pk=pk, author=author, workspace__in=Workspace.objects.visible_to(author))
    conversation = deleted.exclude(deleted_at=None).first()
    if conversation is None:
        raise NotFound
    hold_writable(conversation.workspace_id)
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])
    return conversation


def clean_title(text: str, max_chars: int = TITLE_MAX_CHARS) -> str:
    """The first words of `text` on one line, cut at a word."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    if len(line) <= max_chars:
        return line
    cut = line[: max_chars - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[max_chars // 2 :] else cut).rstrip(" ,;:.-") + "…"


def _tell_title(conversation: Conversation) -> None:
    frame = {"type": "title", "conversation": str(conversation.pk), "title": conversation.title}
    live.publish_on_commit(f"user:{conversation.author_id}", frame)
