"""What is to be known about a file is one sentence, in the reader's language."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.documents.parsing.notices import NUMBERS_NAMED_MAX, SENTENCES, Notice, numbered


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        ([3], "Page 3 had no text."),
        ([3, 7], "Pages 3 and 7 had no text."),
        ([3, 7, 9], "Pages 3, 7 and 9 had no text."),
        (list(range(1, 15)), "Pages 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more had no text."),
    ],
)
def test_pages_are_listed(pages: list[int], sentence: str) -> None:
    assert numbered("without_text", pages).sentence() == sentence


def test_no_more_numbers_are_kept_than_are_named() -> None:
    stored = json.dumps(numbered("without_text", range(20_000)).as_json())
    assert len(stored) < 200
    assert Notice.from_json(json.loads(stored)).details["more"] == 20_000 - NUMBERS_NAMED_MAX


def test_a_notice_of_a_file_inside_names_it() -> None:
    assert Notice("cut_off", part="offer.zip, lease.rtf").sentence().startswith("offer.zip, lease.rtf: This file ends too early")


def test_it_is_said_in_the_readers_language() -> None:
    german = {
        "Pages %(pages)s had no text.": "Ohne Text: Seiten %(pages)s.",
        "%(first)s and %(last)s": "%(first)s und %(last)s",
        "%(part)s: %(sentence)s": "%(part)s – %(sentence)s",
    }
    assert Notice("pages_without_text", {"pages": [1, 2]}, "a.pdf").sentence(german.__getitem__) == "a.pdf – Ohne Text: Seiten 1 und 2."


@pytest.mark.parametrize(
    ("code", "details"),
    [("made_up", {}), ("page_without_text", {}), ("page_without_text", {"page": [1]}), ("page_without_text", {"pages": []})],
)
def test_what_does_not_belong_together_is_none(code: str, details: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Notice(code, details).sentence()


@pytest.mark.parametrize("code", SENTENCES)
def test_every_notice_is_a_sentence(code: str) -> None:
    assert SENTENCES[code].endswith(".")
