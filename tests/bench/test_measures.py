"""The measures of bench/quality against figures computed by hand."""

import math

import pytest

from bench.measures import Result, answered_by, evidence_recall, hits_at, holds, letters, mean, ndcg

LONG = "The quick brown fox jumps over the lazy dog near the old stone bridge at dawn."


def results(*documents: str) -> list[Result]:
    return [Result(document, document) for document in documents]


def test_a_hit_is_any_relevant_document() -> None:
    assert hits_at(1, results("a", "b"), ["b"]) == 0
    assert hits_at(2, results("a", "b"), ["b", "c"]) == 1
    assert hits_at(10, [], ["b"]) == 0


def test_ndcg_counts_a_document_once_at_its_first_position() -> None:
    assert ndcg(results("a", "a", "b"), ["a"]) == 1
    assert ndcg(results("x", "a", "a"), ["a"]) == pytest.approx(1 / math.log2(3))
    assert ndcg(results("b", "b", "d", "d", "c"), ["b", "c"]) == pytest.approx((1 + 1 / math.log2(6)) / (1 + 1 / math.log2(3)))
    assert ndcg(results(*"xxxxxxxxxxa"), ["a"]) == 0


def test_letters_leave_out_form_and_case() -> None:
    assert letters("Ｃats, PURR\n softly!") == "catspurrsoftly"


def test_evidence_may_be_cut_where_it_is_long() -> None:
    assert holds(letters(LONG[:-9]), letters(LONG))
    assert not holds(letters(LONG[:-30]), letters(LONG))
    assert not holds("redappl", "redapple")
    assert not holds("anything", "")


def test_evidence_counts_within_the_budget_and_in_the_right_document_only() -> None:
    found = [Result("b", "a red apple"), Result("d", "green pear"), Result("b", "x" * 4000), Result("b", "blue plum")]
    assert evidence_recall(found, ["b"], ["red apple", "green pear"]) == 0.5
    assert evidence_recall(found, ["b"], ["blue plum"]) == 0


def test_an_answer_is_found_as_whole_words() -> None:
    assert answered_by(["It closed in 1912."], ["1912"])
    assert not answered_by(["It closed in 19123."], ["1912"])
    assert answered_by(["No.", "It cost $5 million!"], ["five", "5 Million"])
    assert not answered_by([], ["1912"])


def test_the_mean_of_nothing_is_nothing() -> None:
    assert mean([]) == 0
    assert mean([1.0, 0.0]) == 0.5
