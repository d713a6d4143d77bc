"""What filled the model's context for an answer, and what had no room: as a run keeps it, and in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext, ngettext

from apps.chat.models import Generation, Message, Summary
from apps.inference.engines.base import ChatRequest, ContextPiece, UsagePiece
from apps.inference.engines.filling import Guess

PARTS = ("system", "turns", "passages", "question", "answer")


def context_entry(told: ContextPiece, request: ChatRequest, usage: UsagePiece, *, is_exact: bool) -> dict[str, Any]:
    """The figures that a run keeps, in tokens; `answer` is the room that was held for it.

    What the engine read beyond turns, passages and question is the system's, and what the template writes around them. Where it has not
    told yet how long the prompt was, or read the beginning of the answer too, the system's share is a guess.
    """
    said = told.turns + told.passages + told.question
    is_whole = usage.prompt_tokens > said and not request.written
    return {
        "limit": told.limit,
        "system": usage.prompt_tokens - said if is_whole else Guess().parts([request.system])[0],
        "turns": told.turns,
        "passages": told.passages,
        "question": told.question,
        "answer": min(request.max_tokens, told.limit),
        "messages_left": told.messages_left,
        "messages_summed": told.messages_summed,
        "passages_left": len(told.passages_left),
        "is_exact": is_exact,
    }


def shown_context(run: Generation) -> dict[str, Any] | None:
    """What page and frames show of it: `limit`, `used`, `percent`, `parts`, `sentences` and `summary`, in the active language.

    None where no model read a prompt.
    """
    kept = run.context
    if not kept:
        return None
    used = sum(kept[part] for part in PARTS)
    summary = Summary.objects.filter(conversation=run.conversation_id).first() if kept.get("messages_summed") else None
    return {
        "limit": kept["limit"],
        "used": used,
        "percent": min(100, round(100 * used / kept["limit"])),
        "parts": {part: kept[part] for part in PARTS},
        "sentences": _sentences(kept, summary),
        "summary": summary.text if summary else "",
    }


def latest_context(turns: Sequence[Message]) -> dict[str, Any] | None:
    """What page and frames show of the newest answer among `turns` (oldest first, answers with `run`) that a model gave."""
    for turn in reversed(turns):
        if turn.role == Message.Role.ASSISTANT and (shown := shown_context(turn.run)):
            return shown
    return None


def _sentences(kept: dict[str, Any], summary: Summary | None) -> list[str]:
    """What had no room, what stood for it, and how far the figures can be trusted."""
    said = []
    if summary:
        said.append(
            ngettext(
                "One older message was left out of the last answer; a summary of it by %(engine)s was used.",
                "%(number)d older messages were left out of the last answer; a summary of them by %(engine)s was used.",
                kept["messages_summed"],
            )
            % {"number": kept["messages_summed"], "engine": summary.engine}
        )
    if messages := kept["messages_left"]:
        said.append(
            ngettext(
                "One older message was left out of the last answer, and nothing stood for it.",
                "%(number)d older messages were left out of the last answer, and nothing stood for them.",
                messages,
            )
            % {"number": messages}
        )
    if passages := kept["passages_left"]:
        said.append(
            ngettext("One passage that was found was left out.", "%(number)d passages that were found were left out.", passages)
            % {"number": passages}
        )
    if not said:
        said.append(gettext("Nothing was left out of the last answer."))
    if not kept["is_exact"]:
        said.append(gettext("This model does not tell how it counts: these figures are careful guesses."))
    return said
