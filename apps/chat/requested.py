"""What a program asks by the OpenAI API: kept whole in its run, and made the engine's typed request when its turn has come."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, cast

from apps.chat.models import Generation
from apps.inference.engines.base import ChatRequest, Sampling, Turn

Role = Literal["system", "user", "assistant"]


class Said(TypedDict):
    """One message of a program's history."""

    role: Role
    text: str


class Requested(TypedDict):
    """A program's request, as `Generation.request` keeps it. `searches`: whether the workspace's documents are asked too."""

    messages: list[Said]
    sampling: dict[str, Any]
    thinks: bool
    searches: bool


def question_of(request: Requested) -> str:
    """The last thing that was said by a user: what is searched for, and what the answer answers. Empty where none was."""
    said = [message["text"] for message in request["messages"] if message["role"] == "user"]
    return said[-1] if said else ""


def question_before(run: Generation) -> str:
    """What a user of the program said before the question; empty where nothing was, or no program asks."""
    said = [message["text"] for message in (run.request or {}).get("messages", []) if message["role"] == "user"]
    return said[-2] if len(said) > 1 else ""


def is_plain(run: Generation) -> bool:
    """Whether a program asks the model alone: no documents are searched, nothing is cited, and no quotation stands in for the model."""
    return run.request is not None and not run.request["searches"]


def request_of(run: Generation, system: str) -> ChatRequest:
    """The request of a run that a program asked for, `system` in front of what the program's own messages say in that place."""
    asked = cast("Requested", run.request)
    told = [message["text"] for message in asked["messages"] if message["role"] == "system"]
    turns = [Turn(message["role"], message["text"]) for message in asked["messages"] if message["role"] != "system"]
    sampling = asked["sampling"]
    return ChatRequest(
        question=turns[-1].text if turns else "",
        turns=tuple(turns[:-1]),
        system="\n\n".join(filter(None, [system, *told])),
        max_tokens=run.max_tokens,
        sampling=Sampling(**sampling | {"stop": tuple(sampling.get("stop", ()))}),
        thinks=asked["thinks"],
    )
