"""What a program asks by the OpenAI API: kept whole in its run, and made the engine's typed request when its turn has come."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict, cast

from apps.chat.models import Generation
from apps.inference.engines.base import ChatRequest, Sampling, ToolCall, Turn, Wanted

Role = Literal["system", "user", "assistant", "tool"]


class Called(TypedDict):
    """One call of a tool, `arguments` as JSON."""

    id: str
    name: str
    arguments: str


class Said(TypedDict):
    """One message of a program's history; its images are JPEGs in base64."""

    role: Role
    text: str
    thinking: NotRequired[str]
    calls: NotRequired[list[Called]]
    answers: NotRequired[str]
    images: NotRequired[list[str]]


class Requested(TypedDict):
    """A program's request, as `Generation.request` keeps it. `searches`: whether the workspace's documents are asked too."""

    messages: list[Said]
    sampling: dict[str, Any]
    wanted: dict[str, Any]
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
    turns = [_turn(message) for message in asked["messages"] if message["role"] != "system"]
    last = max((place for place, turn in enumerate(turns) if turn.role == "user"), default=-1)
    sampling = asked["sampling"]
    return ChatRequest(
        question=turns[last].text if last >= 0 else "",
        images=turns[last].images if last >= 0 else (),
        turns=tuple(turns[: max(last, 0)]),
        since=tuple(turns[last + 1 :]),
        system="\n\n".join(filter(None, [system, *told])),
        max_tokens=run.max_tokens,
        sampling=Sampling(**sampling | {"stop": tuple(sampling.get("stop", ()))}),
        wanted=Wanted(**asked["wanted"]),
        thinks=asked["thinks"],
    )


def _turn(message: Said) -> Turn:
    role = cast("Literal['user', 'assistant', 'tool']", message["role"])
    calls = tuple(ToolCall(**call) for call in message.get("calls", []))
    images = tuple(message.get("images", []))
    return Turn(role, message["text"], thinking=message.get("thinking", ""), calls=calls, answers=message.get("answers", ""), images=images)
