"""All that was shown of a run so far: from Redis while it runs, from the rows when it has ended or Redis has forgotten."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from apps.chat.blocks import render
from apps.chat.context import shown_context
from apps.chat.models import Citation, Generation
from apps.chat.stream import PARTS, shown, state_key
from apps.chat.waiting import place_of, wait_of
from apps.core import live

logger = logging.getLogger(__name__)
Status = Generation.Status


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of an answer, and what belongs to it; `shown_html` is that of its first `shown_chars` characters."""

    text: str = ""
    thinking: str = ""
    citations: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nearest: list[dict[str, Any]] = field(default_factory=list)
    engine: str = ""
    tokens: int = 0
    prompt_tokens: int = 0
    known_tokens: int = 0
    is_cut: bool = False
    tokens_per_s: float = 0.0
    shown_html: str = ""
    shown_chars: int = 0
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def html(self) -> str:
        """The text as safe HTML: what was shown block by block, and the rest of it."""
        return self.shown_html + render(self.text[self.shown_chars :], [citation["n"] for citation in self.citations])


@dataclass(frozen=True, slots=True)
class Shown:
    """What Redis keeps of one attempt: the text up to frame `seq`, and the HTML of its first `taken` characters."""

    attempt: int
    seq: int
    taken: int
    html: str
    written: Written


def read_shown(run: UUID, attempt: int) -> Shown | None:
    """What this attempt has shown; None where Redis does not know."""
    try:
        with live.client().pipeline(transaction=True) as pipeline:
            for part in PARTS:
                pipeline.get(state_key(run, attempt, part))
            text, thinking, html, raw = pipeline.execute()
    except RedisError as error:
        logger.warning("snapshot: %s", error)
        return None
    state = json.loads(raw) if raw else {}
    if state.get("chars") != len(text or ""):  # Redis was emptied in between
        return None
    bound = {name: state.get(name, []) for name in ("citations", "calls", "notes")}
    written = Written(text or "", thinking or "", engine=state["engine"], **bound)
    return Shown(attempt, state["seq"], state["taken"], html or "", written)


def written_so_far(run: Generation) -> Written:
    """The longer of what Redis and the row know of a run that nobody writes at this moment."""
    in_row = Written(run.text, run.thinking, run.citations, run.calls, run.notes)
    shown_last = read_shown(run.pk, run.attempt)
    if shown_last is None or len(shown_last.written.text) < len(run.text):
        return in_row
    return shown_last.written


def snapshot_frame(run: Generation) -> dict[str, Any]:
    """The `snapshot` frame: the next `delta` after it is `seq + 1` of `attempt`.

    Between claim and first frame of an attempt its predecessor is told: where the new one starts is known only when it has begun.
    """
    if run.has_ended:
        return _of_ended(run)
    for attempt in (run.attempt, run.attempt - 1):
        if attempt > 0 and (known := read_shown(run.pk, attempt)):
            break
    else:
        known = Shown(run.attempt if run.attempt < 2 else run.attempt - 1, 0, 0, "", written_so_far(run))
    written = known.written
    place = place_of(run) if run.status == Status.QUEUED else None
    return _frame(
        run,
        attempt=known.attempt,
        seq=known.seq,
        text=written.text,
        thinking=written.thinking,
        html=known.html,
        tail=written.text[known.taken :],
        citations=[shown(citation) for citation in written.citations],
        notes=written.notes,
        engine=written.engine,
        place=place,
        wait_s=wait_of(place),
    )


def ended_frame(run: Generation) -> dict[str, Any]:
    """The `ended` frame: the last word is the row's."""
    answer = run.answer
    return {
        "type": "ended",
        "run": str(run.pk),
        "attempt": run.attempt,
        "seq": run.last_seq,
        "status": run.status,
        "html": answer.html,
        "text": answer.text,
        "citations": [citation_entry(citation) for citation in answer.citations.order_by("n")],
        "nearest": run.nearest,
        "notes": run.notes,
        "engine": answer.engine,
        "tokens_per_s": answer.tokens_per_s,
        "context": shown_context(run),
        "error": {"code": run.error, "message": str(run.error_sentence)} if run.error else None,
    }


def citation_entry(citation: Citation) -> dict[str, Any]:
    """A citation as frames and the API show it."""
    return {
        "n": citation.n,
        "document": str(citation.document_id) if citation.document_id else None,
        "title": citation.title,
        "page": citation.page,
        "place": citation.place,
        "quote": citation.quote,
        "found": citation.found,
    }


def _of_ended(run: Generation) -> dict[str, Any]:
    answer = run.answer
    return _frame(
        run,
        attempt=run.attempt,
        seq=run.last_seq,
        text=answer.text,
        thinking=answer.thinking,
        html=answer.html,
        tail="",
        citations=[citation_entry(citation) for citation in answer.citations.order_by("n")],
        notes=run.notes,
        engine=answer.engine,
        place=None,
        wait_s=None,
    )


def _frame(run: Generation, **fields: Any) -> dict[str, Any]:
    status = Status.RUNNING if run.status == Status.STOPPING else run.status
    return {"type": "snapshot", "run": str(run.pk), "status": status, "context": shown_context(run), **fields}
