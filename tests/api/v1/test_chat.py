"""`/v1/chat/completions` by the official client: whole answers, streamed ones, and what a program may ask of either."""

from __future__ import annotations

from typing import Any

import pytest

from apps.chat.models import Conversation, Generation
from apps.core.database import in_database
from apps.inference.engines.base import ChatRequest, Sampling, ThinkingPiece, Turn, UsagePiece
from tests.api.v1.conftest import Client, Says

pytestmark = pytest.mark.django_db(transaction=True)
FIGURES = UsagePiece(7, 2, 9.5)
TALK: list[Any] = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "Who are you?"},
    {"role": "assistant", "content": "A model."},
    {"role": "developer", "content": "Rhyme."},
    {"role": "user", "content": [{"type": "text", "text": "Of what?"}, {"type": "text", "text": "Say!"}], "name": "alice"},
]


def text_of(chunks: list[Any]) -> str:
    """What a stream has said."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def test_the_answer_comes_whole(client: Client, says: Says) -> None:
    says("Hello", " there.", FIGURES)
    made = await client.chat()
    choice = made.choices[0]
    assert (choice.index, choice.message.role, choice.message.content, choice.finish_reason) == (0, "assistant", "Hello there.", "stop")
    assert (made.object, made.model, made.system_fingerprint) == ("chat.completion", "scripted", "scripted")
    assert (made.usage.prompt_tokens, made.usage.completion_tokens, made.usage.total_tokens) == (7, 2, 9)
    assert made.id.startswith("chatcmpl-")


async def test_the_answer_comes_as_it_is_written(client: Client, says: Says) -> None:
    says("Hello", " there.", FIGURES)
    chunks = await client.chunks()
    assert (chunks[0].choices[0].delta.role, chunks[0].object) == ("assistant", "chat.completion.chunk")
    assert text_of(chunks) == "Hello there."
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.usage for chunk in chunks} == {None}


async def test_usage_comes_last_where_it_was_asked_for(client: Client, says: Says) -> None:
    says("Hello", FIGURES)
    *chunks, last = await client.chunks(stream_options={"include_usage": True})
    assert {chunk.usage for chunk in chunks} == {None}
    assert (last.choices, last.usage.prompt_tokens, last.usage.completion_tokens) == ([], 7, 2)


async def test_the_whole_history_reaches_the_model_and_nothing_else(client: Client, says: Says) -> None:
    engine = says("Of words.")
    await client.chat(messages=TALK)
    turns = (Turn("user", "Who are you?"), Turn("assistant", "A model."))
    asked = ChatRequest("Of what?\nSay!", turns=turns, system="Be short.\n\nRhyme.", max_tokens=2048)
    assert engine.requests == [asked]


async def test_sampling_is_the_programs(client: Client, says: Says) -> None:
    engine = says("Yes.")
    asked: dict[str, Any] = {"temperature": 0, "top_p": 0.5, "seed": 7, "presence_penalty": 1, "frequency_penalty": -1.5}
    await client.chat(**asked, stop=["END", "STOP"])
    assert engine.requests[0].sampling == Sampling(**asked, stop=("END", "STOP"))


@pytest.mark.parametrize(
    ("asked", "limit"),
    [({"max_tokens": 5}, 5), ({"max_completion_tokens": 6}, 6), ({"max_tokens": 1_000_000}, 2048), ({"max_tokens": None}, 2048)],
)
async def test_the_answer_is_as_long_as_asked_and_no_longer_than_allowed(
    client: Client, says: Says, asked: dict[str, Any], limit: int
) -> None:
    engine = says("Yes.")
    await client.chat(**asked)
    assert engine.requests[0].max_tokens == limit


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_an_answer_that_was_cut_says_so(client: Client, says: Says, is_streamed: bool) -> None:
    says("Hello", UsagePiece(7, 1, 9.5, is_cut=True))
    made = (await client.chunks())[-1] if is_streamed else await client.chat()
    assert made.choices[0].finish_reason == "length"


@pytest.mark.parametrize(("stop", "shown"), [("three", "One two "), (["six", "two", "on"], "One "), ("four", "One two three.")])
async def test_it_stops_at_a_text_that_comes_in_pieces(client: Client, says: Says, stop: Any, shown: str) -> None:
    engine = says("One t", "wo t", "hre", "e.", UsagePiece(7, 9, 1.0, is_cut=False))
    made = await client.chat(stop=stop)
    assert (made.choices[0].message.content, made.choices[0].finish_reason) == (shown, "stop")
    assert engine.closed.is_set()


async def test_what_comes_behind_a_stop_is_never_streamed(client: Client, says: Says) -> None:
    says("One t", "wo t", "hre", "e.")
    assert text_of(await client.chunks(stop="three")) == "One two "


async def test_thinking_is_apart(client: Client, says: Says) -> None:
    engine = says(ThinkingPiece("Hm, "), ThinkingPiece("well."), "Yes.")
    made = await client.chat(reasoning_effort="low")
    assert (made.choices[0].message.reasoning_content, made.choices[0].message.content) == ("Hm, well.", "Yes.")
    assert engine.requests[0].thinks


async def test_thinking_is_streamed_before_the_text(client: Client, says: Says) -> None:
    engine = says(ThinkingPiece("Hm."), "Yes.")
    deltas = [chunk.choices[0].delta for chunk in await client.chunks(reasoning_effort="none")]
    thoughts = [getattr(delta, "reasoning_content", None) for delta in deltas]
    assert (thoughts[1], text_of(await client.chunks())) == ("Hm.", "Yes.")
    assert not engine.requests[0].thinks


async def test_brackets_are_text_where_nothing_is_cited(client: Client, says: Says) -> None:
    says("Take row[1] and [2] ", "of a[3].")
    made = await client.chat()
    assert made.choices[0].message.content == "Take row[1] and [2] of a[3]."
    assert not made.choices[0].message.annotations


async def test_it_waits_behind_people_and_is_theirs_alone(client: Client, says: Says) -> None:
    says("Hello.")
    await client.chat()
    run = await in_database(Generation.objects.select_related("conversation", "asked_by").get)()
    assert (run.lane, run.status, run.conversation.is_program) == (Generation.Lane.API, "done", True)
    assert not await in_database(Conversation.objects.visible_to(run.asked_by).exists)()


async def test_what_means_nothing_here_is_passed_over(client: Client, says: Says) -> None:
    says("Yes.")
    passed: dict[str, Any] = {
        "user": "u",
        "metadata": {"a": "b"},
        "store": True,
        "service_tier": "auto",
        "prompt_cache_key": "k",
        "verbosity": "low",
    }
    nothing: dict[str, Any] = {
        "logprobs": False,
        "tools": None,
        "n": 1,
        "stop": None,
        "temperature": None,
        "logit_bias": {},
        "modalities": ["text"],
    }
    made = await client.chat(**passed, **nothing)
    assert made.choices[0].message.content == "Yes."


async def test_an_empty_answer_is_an_answer(client: Client, says: Says) -> None:
    says(FIGURES)
    chunks = await client.chunks()
    assert (text_of(chunks), chunks[-1].choices[0].finish_reason) == ("", "stop")


async def test_two_programs_at_once_get_each_its_own(client: Client, says: Says) -> None:
    says("Hello.")
    first, second = await client.chat(), await client.chat()
    assert first.id != second.id
