"""Sentences are found by rules, in every language, and every span points into the text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.text.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def test_it_splits_at_full_stops() -> None:
    assert sentences("One ends. Two asks? Three shouts! Four") == [
        "One ends.",
        "Two asks?",
        "Three shouts!",
        "Four",
    ]


def test_nothing_has_no_sentences() -> None:
    assert sentence_spans("") == []
    assert sentence_spans(" \n\n\t ") == []


@pytest.mark.parametrize(
    "whole",
    [
        "J. K. Rowling wrote it.",
        "It was sold to Dr. Smith and Mrs. Jones.",
        "The U.S. Army came.",
        "See fig. 3 and no. 12 for it.",
        "It costs 3.50 dollars.",
        "Visit example.com today.",
        "It rained, e.g. on Monday.",
        "Er kam am 3. Oktober im 19. Jahrhundert.",
        "1. Read the manual.",
        "Wait... for it.",
        "“Really?” he said.",
    ],
)
def test_a_stop_inside_a_sentence_does_not_end_it(whole: str) -> None:
    assert sentences(whole) == [whole]


def test_a_year_and_a_single_i_end_a_sentence() -> None:
    assert sentences("He died in 1995. She lived.") == [
        "He died in 1995.",
        "She lived.",
    ]
    assert sentences("So do I. Then we left.") == ["So do I.", "Then we left."]


def test_closing_quotes_stay_with_their_sentence() -> None:
    assert sentences("He said “Go.” She went.") == ["He said “Go.”", "She went."]


def test_a_blank_line_ends_a_sentence_and_a_line_break_does_not() -> None:
    assert sentences("A heading\n\nA sentence over\ntwo lines.\r\n\r\nNext") == [
        "A heading",
        "A sentence over\ntwo lines.",
        "Next",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今日は晴れ。明日は雨！本当？", ["今日は晴れ。", "明日は雨！", "本当？"]),
        ("「行く。」彼は言った。", ["「行く。」", "彼は言った。"]),
        ("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
        ("ما هذا؟ هذا كتاب.", ["ما هذا؟", "هذا كتاب."]),
        ("วันนี้ฝนตก พรุ่งนี้แดดออก", ["วันนี้ฝนตก", "พรุ่งนี้แดดออก"]),
        ("ปี 2563 มี", ["ปี 2563 มี"]),
        ("Он пришёл. Она ушла.", ["Он пришёл.", "Она ушла."]),
    ],
)
def test_it_knows_the_marks_of_other_scripts(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="aB1. !?\n\"')。ก।…(", max_size=60))
def test_spans_cover_all_but_white_space_in_order(text: str) -> None:
    end_before = 0
    for start, end in sentence_spans(text):
        assert not text[end_before:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        end_before = end
    assert not text[end_before:].strip()


@pytest.mark.parametrize("unit", [".", ".x", "\n", "\n ", "a", '"', "。", "ก ", "A. "])
def test_a_hostile_megabyte_takes_one_pass(unit: str) -> None:
    began = time.process_time()
    sentence_spans(unit * (1_000_000 // len(unit)) + "x")
    assert time.process_time() - began < 5
