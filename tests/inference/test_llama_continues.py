"""An answer that goes on where an earlier attempt ended."""

from __future__ import annotations

import pytest

from apps.inference.host_client import LocalEngine

from .answers import pieces_of, text_of, usage_of


@pytest.mark.parametrize(
    "written", ["the", "the of and th", "the of and ", "One.\n\n- two\n", 'a "quoted\\" 北京 wor', " ", "```py\nx = <turn|>"]
)
async def test_it_yields_only_what_is_new(engine: LocalEngine, written: str) -> None:
    pieces = await pieces_of(engine, written=written, max_tokens=60)
    assert len(text_of(pieces)) > 30
    assert not text_of(pieces).startswith(written)


async def test_half_a_word_is_made_whole(engine: LocalEngine) -> None:
    words = {word for pieces in [await pieces_of(engine, max_tokens=200) for _ in range(3)] for word in text_of(pieces).split()}
    longest = max(words, key=len)  # its beginning may be a word too, and be taken for one now and then
    more = [text_of(await pieces_of(engine, written=f"the {longest[:5]}", max_tokens=10)) for _ in range(8)]
    assert any(text[:1].strip() for text in more), "it goes on within the word, not behind it"


async def test_what_is_written_counts_towards_the_limit(engine: LocalEngine) -> None:
    head, tail = "the of and to in that for it as", " was"
    pieces = await pieces_of(engine, written=head + tail, max_tokens=30)
    assert usage_of(pieces).answer_tokens == 30 - await engine.count_tokens(head)


async def test_an_answer_at_its_limit_has_ended(engine: LocalEngine) -> None:
    assert await pieces_of(engine, written="the of and to in that", max_tokens=3) == []
