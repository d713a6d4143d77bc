"""A follow-up question costs its new tokens only; what was read for the one before is known."""

from __future__ import annotations

from apps.inference.engines.base import Turn
from apps.inference.host_client import LocalEngine

from .answers import pieces_of, text_of, usage_of

QUESTION = "of the harbour and its piers " * 40


async def test_a_follow_up_question_reads_what_is_new(engine: LocalEngine) -> None:
    first = await pieces_of(engine, QUESTION, max_tokens=8)
    before = usage_of(first)
    assert before.prompt_tokens > 200
    assert before.known_tokens == 0
    turns = (Turn("user", QUESTION), Turn("assistant", text_of(first)))
    after = usage_of(await pieces_of(engine, "And then?", turns=turns, max_tokens=8))
    new = after.prompt_tokens - before.prompt_tokens
    assert after.prompt_tokens - after.known_tokens <= new * 1.05 + 1


async def test_another_question_is_read_anew(engine: LocalEngine) -> None:
    await pieces_of(engine, QUESTION, max_tokens=8)
    other = usage_of(await pieces_of(engine, "they are by at from " * 60, max_tokens=8))
    assert other.known_tokens < 20
