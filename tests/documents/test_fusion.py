"""Words and meaning in one order."""

from __future__ import annotations

import pytest

from apps.documents.fusion import fused


def test_both_count_by_their_share() -> None:
    assert fused([10.0, 5.0, 0.0], [0.1, 0.5, 0.9]) == pytest.approx([0.6, 0.5, 0.4])


def test_what_has_no_vector_stands_where_its_words_put_it() -> None:
    assert fused([10.0, 5.0, 0.0], [None, 0.5, 0.9]) == pytest.approx([1.0, 0.3, 0.4])


def test_without_any_vector_words_decide() -> None:
    assert fused([4.0, 2.0], [None, None]) == [1.0, 0.0]


def test_without_any_word_meaning_decides() -> None:
    assert fused([0.0, 0.0], [0.2, 0.6]) == pytest.approx([0.0, 0.4])


def test_one_alone_is_the_best() -> None:
    assert fused([3.0], [0.4]) == pytest.approx([1.0])
    assert fused([], []) == []
