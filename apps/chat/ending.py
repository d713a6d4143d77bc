"""The end of a run: text, sources and status in one transaction, then the last frame."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from apps.chat import summaries
from apps.chat.models import Citation, Generation
from apps.chat.snapshots import Written, ended_frame
from apps.chat.waiting import tell_places_on_commit
from apps.core import live
from apps.documents.models import Document, DocumentVersion

Status = Generation.Status


@transaction.atomic
def finish(*, pk: UUID, attempt: int, seq: int, status: str, written: Written, error: str = "") -> bool:
    """Write the end of the run; False if this attempt no longer owns it. Who asked it to stop in the last moment gets it stopped."""
    ours = Generation.objects.filter(pk=pk, attempt=attempt, status__in=(Status.RUNNING, Status.STOPPING))
    run = ours.select_for_update(of=("self",)).select_related("answer", "asked_by").first()
    if run is None:
        return False
    run.last_seq = seq
    end(run, status=Status.STOPPED if run.status == Status.STOPPING else status, written=written, error=error)
    return True


@transaction.atomic
def hand_over(*, pk: UUID, attempt: int, written: Written) -> bool:
    """Save what was written and let another worker go on; False if this attempt no longer owns the run, or it is to stop."""
    saved = {name: getattr(written, name) for name in ("text", "thinking", "citations", "calls", "notes")}
    tell_places_on_commit()
    return Generation.objects.hand_over(pk=pk, attempt=attempt, **saved)


def end(run: Generation, *, status: str, written: Written, error: str = "") -> None:
    """Write the end of `run`, whose row the caller has locked, and tell it on commit."""
    run.status, run.error, run.finished_at = status, "" if status == Status.STOPPED else error, timezone.now()
    run.notes, run.nearest = written.notes, written.nearest
    run.calls, run.prompt_tokens, run.is_cut = written.calls, written.prompt_tokens, written.is_cut
    run.context = written.context
    run.text, run.thinking, run.citations = "", "", []  # from now on they are the answer's
    run.save()
    answer = run.answer
    answer.text, answer.thinking, answer.html, answer.engine = written.text, written.thinking, written.html, written.engine
    answer.tokens, answer.tokens_per_s = written.tokens, written.tokens_per_s
    answer.save()
    if status == Status.DONE and (left := written.context.get("messages_left")):
        summaries.want(run, left, summed=written.context["messages_summed"])
    Citation.objects.bulk_create(citation_rows(answer.pk, written.citations))
    with translation.override(run.asked_by.language):
        live.publish_on_commit(f"conversation:{run.conversation_id}", ended_frame(run))


def citation_rows(message: UUID, citations: list[dict[str, Any]]) -> list[Citation]:
    """A row, not saved yet, for each citation; what was deleted while the answer was written is named, not linked."""
    documents = _existing(Document, "document", citations)
    versions = _existing(DocumentVersion, "version", citations)
    return [
        Citation(
            **{**citation, "document": None, "version": None},
            message_id=message,
            document_id=citation["document"] if citation["document"] in documents else None,
            version_id=citation["version"] if citation["version"] in versions else None,
        )
        for citation in citations
    ]


def _existing(model: type[Document | DocumentVersion], name: str, citations: list[dict[str, Any]]) -> set[str]:
    ids = {citation[name] for citation in citations}
    return {str(pk) for pk in model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)} if ids else set()
