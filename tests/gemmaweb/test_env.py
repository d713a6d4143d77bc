"""The readers of the set-up."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from gemmaweb import env


def test_a_missing_variable_gives_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMMAWEB_X", raising=False)
    assert (env.text("GEMMAWEB_X", "a"), env.number("GEMMAWEB_X", 7), env.flag("GEMMAWEB_X"), env.names("GEMMAWEB_X")) == (
        "a",
        7,
        False,
        [],
    )


@pytest.mark.parametrize("raw", ["seven", "", "7.5", "-1", "11"])
def test_a_number_that_is_none_or_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("GEMMAWEB_X", raw)
    with pytest.raises(ImproperlyConfigured, match="GEMMAWEB_X must be"):
        env.number("GEMMAWEB_X", 7, high=10)


@pytest.mark.parametrize(("raw", "value"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("off", False), ("", False)])
def test_a_flag_knows_its_words(monkeypatch: pytest.MonkeyPatch, raw: str, value: bool) -> None:
    monkeypatch.setenv("GEMMAWEB_X", raw)
    assert env.flag("GEMMAWEB_X", default=not value) is value


def test_a_flag_with_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMMAWEB_X", "maybe")
    with pytest.raises(ImproperlyConfigured, match="must be 1 or 0"):
        env.flag("GEMMAWEB_X")


def test_names_are_split_at_commas_and_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMMAWEB_X", " a, b ,,c")
    assert env.names("GEMMAWEB_X") == ["a", "b", "c"]
