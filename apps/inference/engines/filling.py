"""What of a request has room in a model's context: chosen by worth, counted in the model's own tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .base import IMAGE_TOKENS, ChatRequest, ContextPiece
from .llama_prompt import passage_text

PASSAGES_SHARE = 0.5  # of what the question and the newest turn leave: earlier turns get the rest
STEP_PAIRS = 4  # earlier turns leave by fours: else each question would change the prompt's beginning, and all of it be read again
CHARS_PER_TOKEN = 3  # careful: most languages have more


class Tokens(Protocol):
    """Counts what a model reads. `parts` are texts by themselves, so their sum is a little less than `whole`."""

    def whole(self, request: ChatRequest) -> int:
        """The length of the prompt that the model's own template makes of `request`."""
        ...

    def at_most(self, request: ChatRequest) -> int:
        """A bound of `whole` that costs no counting."""
        ...

    def parts(self, texts: Sequence[str]) -> list[int]:
        """The length of each text inside a prompt."""
        ...


class Guess:
    """Careful guesses, for engines that cannot count."""

    def whole(self, request: ChatRequest) -> int:
        """A third of the characters; images at their most."""
        turns = (*request.turns, *request.since)
        said = [text for turn in turns for text in (turn.text, turn.thinking, *(call.name + call.arguments for call in turn.calls))]
        texts = [request.system, request.summary, request.question, request.wanted.tools, request.wanted.schema, *said]
        texts += map(passage_text, request.passages)
        return sum(self.parts(texts)) + request.image_count * IMAGE_TOKENS

    def at_most(self, request: ChatRequest) -> int:
        """The same."""
        return self.whole(request)

    def parts(self, texts: Sequence[str]) -> list[int]:
        """A third of the characters of each."""
        return [math.ceil(len(text) / CHARS_PER_TOKEN) for text in texts]


@dataclass(frozen=True, slots=True)
class Filling:
    """A request as it was `wanted`, and what of it has room."""

    wanted: ChatRequest
    request: ChatRequest

    @property
    def leaves_out(self) -> bool:
        """Whether anything had no room."""
        return self.request is not self.wanted

    def told(self, tokens: Tokens, context_tokens: int) -> ContextPiece:
        """What the prompt is made of."""
        request, numbers = self.request, {passage.number for passage in self.request.passages}
        said = [turn.text for turn in request.turns]
        question, summary, *others = tokens.parts([request.question, request.summary, *said, *map(passage_text, request.passages)])
        return ContextPiece(
            limit=context_tokens,
            turns=summary + sum(others[: len(said)]),
            passages=sum(others[len(said) :]),
            question=question,
            messages_left=len(self.wanted.turns) - len(request.turns) + request.messages_before,
            messages_summed=request.messages_summed,
            passages_left=tuple(passage.number for passage in self.wanted.passages if passage.number not in numbers),
        )


@dataclass(frozen=True, slots=True)
class _Unit:
    """What comes or stays away as one: a passage, or a question with its answer, by its place in the request."""

    place: int
    is_pair: bool
    cost: int


def fill(request: ChatRequest, tokens: Tokens, context_tokens: int) -> Filling:
    """As much of `request` as has room beside its answer: all of it, or the best passage, the newest turn, then both in turns.

    What is asked and the best passage always come; the engine says so where they are too long. Raises EngineError.
    """
    room, asked = context_tokens - request.max_tokens, replace(request, written="")
    if not request.fills or tokens.at_most(asked) <= room or tokens.whole(asked) <= room:
        return Filling(request, request)
    wanted, least = request, min(1, len(request.passages))
    if request.summary and tokens.whole(_with(asked, _best(request))) > room:  # by another model's count it was short enough
        before = request.messages_before + request.messages_summed
        request = replace(request, summary="", messages_summed=0, messages_before=before)
        asked = replace(request, written="")
    chosen = _chosen(asked, tokens, room)
    while True:
        filled = _with(request, chosen)
        over = tokens.whole(replace(filled, written="")) - room
        if over <= 0 or len(chosen) <= least:
            return Filling(wanted, filled)
        while over > 0 and len(chosen) > least:
            over -= chosen.pop().cost
        chosen = _in_steps(chosen, len(request.turns) // 2)


def write_filled(
    request: ChatRequest,
    tokens: Tokens,
    context_tokens: int,
    *,
    write: Callable[[ChatRequest], None],
    tell: Callable[[Filling], None],
) -> None:
    """Have as much of `request` written as has room. What fills it is told before the first word where something was left out.

    Else it is told at the end: to count it would only keep the first word waiting. Raises EngineError.
    """
    filling = fill(request, tokens, context_tokens)
    if filling.leaves_out:
        tell(filling)
    write(filling.request)
    if request.fills and not filling.leaves_out:
        tell(filling)


def _chosen(request: ChatRequest, tokens: Tokens, room: int) -> list[_Unit]:
    """What may come, by worth."""
    passages, pairs = _units(request, tokens)
    best, left = passages[:1], room - tokens.whole(_with(request, []))
    left -= _cost(best)
    newest = _fitting(pairs[:1], left)
    left -= _cost(newest)
    good = _fitting(passages[1:], int(left * PASSAGES_SHARE), skips=True)
    left -= _cost(good)
    older = _fitting(pairs[1:], left) if newest else []
    older = _in_steps([*newest, *older], len(pairs))[1:]
    left -= _cost(older)
    others = _fitting([unit for unit in passages[1:] if unit not in good], left, skips=True)
    return [*best, *newest, *good, *older, *others]


def _best(request: ChatRequest) -> list[_Unit]:
    """The passage that always comes, if there is one."""
    return [_Unit(0, is_pair=False, cost=0)] if request.passages else []


def _units(request: ChatRequest, tokens: Tokens) -> tuple[list[_Unit], list[_Unit]]:
    """Passages, the best first, and pairs of turns, the newest first."""
    turns = [] if request.turns_stay else [turn.text for turn in request.turns]
    costs = tokens.parts([*map(passage_text, request.passages), *turns])
    of_passages, of_turns = costs[: len(request.passages)], costs[len(request.passages) :]
    passages = [_Unit(place, is_pair=False, cost=cost) for place, cost in enumerate(of_passages)]
    pairs = [_Unit(place, is_pair=True, cost=sum(of_turns[place : place + 2])) for place in range(0, len(of_turns), 2)]
    return passages, pairs[::-1]


def _fitting(units: Iterable[_Unit], room: int, *, skips: bool = False) -> list[_Unit]:
    """The units that have room, up to the first that has none unless that is skipped."""
    fitting: list[_Unit] = []
    for unit in units:
        if unit.cost <= room:
            fitting.append(unit)
            room -= unit.cost
        elif not skips:
            break
    return fitting


def _in_steps(chosen: list[_Unit], pairs: int) -> list[_Unit]:
    """What is chosen, without the oldest of its pairs where so many of all `pairs` leave as a step has."""
    kept = _kept(pairs, sum(unit.is_pair for unit in chosen))
    last = [unit for unit in chosen if unit.is_pair][:kept]
    return [unit for unit in chosen if not unit.is_pair or unit in last]


def _kept(pairs: int, fitting: int) -> int:
    """How many pairs to keep where so many fit: those that leave, leave by steps."""
    if not fitting or fitting >= pairs:
        return fitting
    steps = math.ceil((pairs - fitting) / STEP_PAIRS)
    return max(1, pairs - steps * STEP_PAIRS)


def _with(request: ChatRequest, units: Iterable[_Unit]) -> ChatRequest:
    """The request with these units alone."""
    places, pairs = {unit.place for unit in units if not unit.is_pair}, {unit.place for unit in units if unit.is_pair}
    turns = [turn for place, turn in enumerate(request.turns) if request.turns_stay or place - place % 2 in pairs]
    passages = [passage for place, passage in enumerate(request.passages) if place in places]
    return replace(request, turns=tuple(turns), passages=tuple(passages))


def _cost(units: Iterable[_Unit]) -> int:
    return sum(unit.cost for unit in units)
