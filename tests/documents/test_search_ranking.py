"""The second look: what grams and neighbouring words add, and what the most is that a question could reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.text.terms import QuestionWord, question_words
from apps.documents.postings import distance, mistakes_allowed
from apps.documents.ranking import Candidate, Question, chunk_weights, second_look


def asked(text: str, known: dict[str, float], language: str = "en") -> Question:
    return Question(question_words(text, language=language, spoken=[language]), known, unknown_idf=5.0)


def scores(question: Question, *texts: str, language: str = "en") -> list[float]:
    return second_look(question, [Candidate(text, language, 1.0) for text in texts]).scores


def test_without_anything_in_common_the_first_score_stays() -> None:
    assert scores(asked("harbour", {"harbour": 2.0}), "cats", "stones") == [1.0, 1.0]


def test_a_mistyped_word_still_shares_its_grams() -> None:
    near, far = scores(asked("harbuors", {}), "The harbours are closed.", "The stones are warm.")
    assert near > far == 1.0


def test_a_compound_shares_the_grams_of_its_parts() -> None:
    near, far = scores(asked("Hafen", {}, "de"), "Das Hafenamt ist zu.", "Das Bauamt ist zu.", language="de")
    assert near > far


def test_grams_that_all_candidates_have_say_nothing() -> None:
    rare, common = (scores(asked("harbour", {}), *texts)[0] for texts in (["harbour", "x", "y", "z"], ["harbour"] * 4))
    assert rare > common


def test_grams_do_not_cross_from_word_to_word() -> None:
    assert scores(asked("ship", {}), "sh ip", "x") == [1.0, 1.0]


def test_neighbours_of_the_question_count_where_they_are_neighbours() -> None:
    question = asked("warm stones", {"warm": 3.0, "stone": 2.0})
    together, apart = scores(question, "warm stones sleep here", "warm cats sleep on stones here")
    assert together - apart == pytest.approx(0.52 * 2.0, abs=0.3)


def test_a_stop_word_between_them_is_no_hindrance() -> None:
    question = asked("university of Warsaw", {"univers": 3.0, "warsaw": 2.0})
    beside, away = scores(question, "the university in Warsaw", "Warsaw has one university")
    assert beside > away


def test_neighbours_say_nothing_in_scripts_without_breaks() -> None:
    question = asked("日本語", {"日本": 3.0, "本語": 3.0}, "ja")
    with_pairs = second_look(question, [Candidate("日本語", "ja", 1.0), Candidate("猫", "ja", 1.0)])
    plain = second_look(asked("日本語", {}, "ja"), [Candidate("日本語", "ja", 1.0), Candidate("猫", "ja", 1.0)])
    assert with_pairs.scores == plain.scores


def test_hangul_has_breaks() -> None:
    known = {term: 2.0 for word in question_words("한국어 문장", language="ko", spoken=[]) for term in word.variants}
    together, apart = scores(asked("한국어 문장", known, "ko"), "한국어 문장", "문장 한국어", language="ko")
    assert together > apart


def test_variants_of_a_word_make_pairs_too() -> None:
    words = [QuestionWord("warme", ("warm", "warme")), QuestionWord("steine", ("stein", "steine"))]
    question = Question(words, {"warm": 3.0, "stein": 2.0}, unknown_idf=5.0)
    together, apart = scores(question, "warme Steine schlafen", "warme Katzen meiden Steine", language="de")
    assert together > apart


def test_unknown_words_make_the_whole_larger() -> None:
    candidates = [Candidate("harbour", "en", 1.0)]
    known = second_look(asked("harbour", {"harbour": 2.0}), candidates)
    more = second_look(asked("harbour xyzzy", {"harbour": 2.0}), candidates)
    assert more.possible > known.possible + 5.0


@given(st.text(max_size=80), st.lists(st.text(max_size=80), min_size=1, max_size=5))
def test_no_score_goes_beyond_the_possible(question: str, texts: list[str]) -> None:
    words = question_words(question, language="en", spoken=[])
    looked = Question(words, {term: 1.0 for word in words for term in word.variants[:1]}, unknown_idf=1.0)
    candidates = []
    for text in texts:
        weights = chunk_weights([word.variants[0] for word in question_words(text, language="en", spoken=[])])
        candidates.append(Candidate(text, "en", sum(weight for term, weight in weights.items() if term in looked.idf)))
    look = second_look(looked, candidates)
    assert all(0 <= score <= look.possible + 1e-9 for score in look.scores)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_distance_is_symmetric_and_zero_for_the_same_only(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))


@pytest.mark.parametrize(("word", "mistakes"), [("ship", 1), ("harbou", 1), ("harbour", 2)])
def test_long_words_may_have_two_mistakes(word: str, mistakes: int) -> None:
    assert mistakes_allowed(word) == mistakes
