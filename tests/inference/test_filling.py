"""What has room is chosen by worth, and never more than there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inference.engines.base import ChatRequest, Passage, ToolCall, Turn, Wanted
from apps.inference.engines.filling import STEP_PAIRS, Guess, fill

AROUND = 5
ROLES: tuple[Literal["user", "assistant"], ...] = ("user", "assistant")


class Words:
    """A model that reads a word as a token, and writes five around each message."""

    def __init__(self) -> None:
        self.wholes = 0

    def whole(self, request: ChatRequest) -> int:
        """All words."""
        self.wholes += 1
        said = [request.system, request.summary, *(turn.text for turn in request.turns), request.question]
        return sum(len(text.split()) + AROUND for text in said) + sum(self._passages(request))

    def at_most(self, request: ChatRequest) -> int:
        """Ten times as many."""
        said = [request.system, *(turn.text for turn in request.turns), request.question]
        return 10 * (sum(len(text.split()) + AROUND for text in said) + sum(self._passages(request)))

    def parts(self, texts: Sequence[str]) -> list[int]:
        """The words of each."""
        return [len(text.split()) for text in texts]

    @staticmethod
    def _passages(request: ChatRequest) -> list[int]:
        return [len(f"[1] {passage.title} {passage.text}".split()) for passage in request.passages]


def request(*, pairs: int = 0, passages: int = 0, words: int = 20, **changed: Any) -> ChatRequest:
    """So many turns and passages of so many words."""
    text = "word " * words
    said = tuple(Turn(role, f"{number} {text}") for number in range(pairs) for role in ROLES)
    found = tuple(Passage(number, "Tides", "", text, 1.0) for number in range(1, passages + 1))
    made = ChatRequest("Why?", turns=said, passages=found, system="Be kind", max_tokens=100, fills=True)
    return replace(made, **changed)


def first_pair(filled: ChatRequest) -> int:
    """The number of the oldest pair that came along."""
    return int(filled.turns[0].text.split()[0])


def test_what_fits_stays_as_it_is() -> None:
    asked, tokens = request(pairs=3, passages=3), Words()
    assert fill(asked, tokens, 10_000).request is asked
    assert tokens.wholes == 0  # the bound said so


def test_what_only_the_bound_refuses_is_counted_once() -> None:
    asked, tokens = request(pairs=3, passages=3), Words()
    assert fill(asked, tokens, 400).request is asked
    assert tokens.wholes == 1


def test_the_newest_turns_come_and_the_oldest_leave_by_fours() -> None:
    starts = {first_pair(fill(request(pairs=pairs), Words(), 900).request) for pairs in range(20, 40)}
    assert all(start % STEP_PAIRS == 0 for start in starts)
    filled = fill(request(pairs=30), Words(), 900).request
    assert filled.turns[-1].text.startswith("29 ")
    assert len(filled.turns) % 2 == 0


def test_a_longer_conversation_mostly_begins_where_it_did() -> None:
    starts = [first_pair(fill(request(pairs=pairs), Words(), 900).request) for pairs in range(20, 40)]
    assert starts == sorted(starts)
    assert len(set(starts)) <= 20 / STEP_PAIRS + 1


def test_the_best_passage_comes_whatever_it_costs() -> None:
    filled = fill(request(pairs=4, passages=4, words=200), Words(), 250).request
    assert [passage.number for passage in filled.passages] == [1]
    assert filled.turns == ()


def test_passages_and_turns_share_the_room() -> None:
    filled = fill(request(pairs=30, passages=30), Words(), 900).request
    assert 10 <= len(filled.passages) < 30
    assert len(filled.turns) >= 8


def test_a_shorter_passage_takes_the_room_of_one_that_is_too_long() -> None:
    asked = request(passages=3)
    long = replace(asked.passages[1], text="word " * 500)
    filled = fill(replace(asked, passages=(asked.passages[0], long, asked.passages[2])), Words(), 400).request
    assert [passage.number for passage in filled.passages] == [1, 3]


def test_the_turns_of_a_program_stay() -> None:
    asked = request(pairs=10, passages=10, turns_stay=True)
    filled = fill(asked, Words(), 700).request
    assert filled.turns == asked.turns
    assert len(filled.passages) < 10


def test_a_guess_counts_thoughts_calls_and_tools() -> None:
    asked, long = request(), "word " * 60
    said: dict[str, Any] = {"thinking": long, "calls": (ToolCall("1", "tide", long),)}
    turns = [replace(asked, since=(Turn("assistant", "", **{name: value}),)) for name, value in said.items()]
    wanted = [replace(asked, wanted=one) for one in (Wanted(tools=long), Wanted(schema=long))]
    assert all(Guess().whole(more) >= Guess().whole(asked) + 100 for more in [*turns, *wanted])


def test_who_does_not_ask_for_it_loses_nothing() -> None:
    asked = request(pairs=30, passages=30, fills=False)
    assert fill(asked, Words(), 200).request is asked


def test_a_begun_answer_changes_nothing_in_the_choice() -> None:
    asked = request(pairs=30, passages=30)
    begun = replace(asked, written="word " * 90)
    assert replace(fill(begun, Words(), 900).request, written="") == fill(asked, Words(), 900).request


def test_it_tells_what_it_left_out() -> None:
    asked, tokens = request(pairs=30, passages=10, messages_before=6), Words()
    filling = fill(asked, tokens, 900)
    told = filling.told(tokens, 900)
    assert filling.leaves_out
    assert told.messages_left == 60 - len(filling.request.turns) + 6
    assert set(told.passages_left) == set(range(1, 11)) - {passage.number for passage in filling.request.passages}
    assert told.turns == sum(len(turn.text.split()) for turn in filling.request.turns)
    assert (told.limit, told.question) == (900, 1)


def test_a_summary_comes_unless_it_has_no_room_itself() -> None:
    tokens, asked = Words(), replace(request(pairs=30, passages=2), summary="word " * 50, messages_summed=8)
    told = fill(asked, tokens, 900).told(tokens, 900)
    assert (told.messages_summed, told.messages_left > 0) == (8, True)
    filling = fill(request(pairs=2, passages=2, summary="word " * 500, messages_summed=8), tokens, 300)
    told = filling.told(tokens, 300)
    assert filling.request.summary == ""
    assert (told.messages_summed, told.messages_left) == (0, 8 + 4 - len(filling.request.turns))
    assert tokens.whole(filling.request) <= 200


def test_nothing_was_left_out_where_all_came() -> None:
    asked, tokens = request(pairs=2, passages=2), Words()
    told = fill(asked, tokens, 10_000).told(tokens, 10_000)
    assert (told.messages_left, told.passages_left) == (0, ())


@pytest.mark.parametrize("counter", [Words(), Guess()])
@given(data=st.data())
def test_it_never_fills_too_much_nor_forgets_the_order(counter: Words | Guess, data: st.DataObject) -> None:
    lengths = st.integers(0, 60)
    pairs, passages = data.draw(st.lists(lengths, max_size=12)), data.draw(st.lists(lengths, max_size=10))
    turns = tuple(Turn(role, f"{n} " + "wörd " * size) for n, size in enumerate(pairs) for role in ROLES)
    found = tuple(Passage(n, "Sea", "p 3", "wörd " * size, 1.0) for n, size in enumerate(passages, start=1))
    asked = replace(request(), turns=turns, passages=found)
    room = data.draw(st.integers(50, 900))
    filled = fill(asked, counter, room + asked.max_tokens).request
    least = replace(asked, turns=(), passages=found[:1])
    assert counter.whole(filled) <= max(room, counter.whole(least))
    assert filled.turns == asked.turns[len(asked.turns) - len(filled.turns) :]
    assert list(filled.passages) == [passage for passage in found if passage in filled.passages]
    assert filled.passages[:1] == found[:1]
