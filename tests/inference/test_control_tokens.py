"""No text that people can write makes a token of command, however it is put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inference.engines.llama_prompt import WORD_JOINER, Neutraliser, split_written
from tests.gguf_writer import CONTROL

TOKENS = (*CONTROL, "<bos>", "<eos>", "<<>", "<>>", "ab", "ba", "[INST]")
NEUTRAL = Neutraliser(TOKENS)
PARTS = st.lists(st.sampled_from([*TOKENS, "<", ">", "|", "a", "b", " ", "\n", "turn", WORD_JOINER, "北"]), max_size=30).map("".join)


@given(PARTS)
def test_no_control_token_is_left(text: str) -> None:
    neutral = NEUTRAL(text)
    assert not [token for token in TOKENS if token in neutral]


@given(PARTS)
def test_nothing_that_can_be_seen_is_lost(text: str) -> None:
    assert NEUTRAL(text).replace(WORD_JOINER, "") == text.replace(WORD_JOINER, "")


@given(PARTS)
def test_a_second_pass_changes_nothing(text: str) -> None:
    assert NEUTRAL(NEUTRAL(text)) == NEUTRAL(text)


@given(st.text(alphabet="ab \n\t\u3000é", max_size=40))
def test_a_begun_answer_is_cut_without_loss(written: str) -> None:
    head, tail = split_written(written)
    assert head + tail == written
    assert head == head.rstrip()
    assert len(tail.split()) == bool(written.strip())


@pytest.mark.parametrize("count", [0, 1, 6000])
def test_a_vocabulary_may_have_any_number_of_them(count: int) -> None:
    neutral = Neutraliser(f"<unused{number}>" for number in range(count))
    text = "<unused0><unused5999> <b>bold</b>" * 50
    assert ("<unused0>" in neutral(text)) is (count == 0)
    assert "<b>" in neutral(text)


def test_a_long_text_takes_no_long_time() -> None:
    neutral = Neutraliser(f"<unused{number}>" for number in range(6000))
    assert len(neutral("<p>moon</p> " * 20_000)) == 240_000
