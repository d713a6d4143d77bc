"""Why a file failed is told in the reader's language: by page, by API and by frame."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from apps.accounts.models import User
from apps.core.live import encode
from apps.documents.frames import document_frame
from apps.documents.parsing.errors import ParseError, every
from apps.documents.parsing.notices import SENTENCES
from apps.documents.reasons import for_reader, in_your_words, notes_in_your_words
from tests.conftest import signed_in
from tests.documents.conftest import Upload
from tests.documents.files import pdf

BROKEN = b"%PDF-1.7 broken"
ARCHIVE = b"Rar!\x1a\7" + b"\0" * 50
GERMAN_REASON = (
    "Diese Datei ist beschädigt oder unvollständig. Öffnen Sie sie in ihrem Programm, speichern Sie sie neu, und laden Sie das hoch."
)


@pytest.fixture
def german(bob: User) -> User:
    """Bob, who chose German."""
    bob.language = "de"
    bob.save()
    return bob


def test_the_shelf_and_the_api_say_it_in_german(upload: Upload, german: User) -> None:
    document, browser = upload(BROKEN, name="crane.pdf"), signed_in(german)
    assert GERMAN_REASON in browser.get("/w/harbour/documents/").content.decode()
    assert browser.get(f"/api/workspaces/harbour/documents/{document.pk}").json()["reason"] == GERMAN_REASON


def test_a_tab_is_told_in_german(upload: Upload) -> None:
    frame = json.loads(for_reader(encode(document_frame(upload(BROKEN))), "de"))
    assert (frame["status"], frame["reason_code"], frame["reason"]) == ("failed", "damaged", GERMAN_REASON)


def test_what_was_left_out_is_told_to_page_api_and_tab(upload: Upload, alice: User) -> None:
    document, browser = upload(pdf("One.", "", "Three.", ""), name="scan.pdf"), signed_in(alice)
    said = "Pages 2 and 4 had no text."
    assert said in browser.get("/w/harbour/documents/").content.decode()
    assert browser.get(f"/api/workspaces/harbour/documents/{document.pk}").json()["warnings"] == [said]
    assert json.loads(for_reader(encode(document_frame(document)), "en"))["warnings"] == [said]


def test_the_api_gives_the_code_of_a_reason(upload: Upload, alice: User) -> None:
    document = upload(b"%PDF-1.7 broken")
    assert signed_in(alice).get(f"/api/workspaces/harbour/documents/{document.pk}").json()["reason_code"] == "damaged"


def test_an_english_reader_is_told_the_most(upload: Upload, alice: User) -> None:
    upload(ARCHIVE, name="crane.rar")
    assert "This is a RAR archive" in signed_in(alice).get("/w/harbour/documents/").content.decode()


@pytest.mark.parametrize("error", list(every()), ids=lambda error: error.code)
def test_every_reason_has_its_german_words(error: type[ParseError]) -> None:
    with translation.override("de"):
        assert in_your_words(error.default, error.code) not in {"", error.default}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_notice_has_its_german_words(code: str) -> None:
    with translation.override("de"):
        assert translation.gettext(SENTENCES[code]) not in {"", SENTENCES[code]}


def test_what_an_older_release_stored_is_said_as_it_stands() -> None:
    assert notes_in_your_words(["Page 2 had no text."]) == ["Page 2 had no text."]


@pytest.mark.parametrize("code", ["encrypted", "no_such_code", ""])
def test_a_sentence_that_nobody_translated_becomes_its_codes(code: str) -> None:
    assert in_your_words("Unheard of.", code) == "Unheard of."
    with translation.override("de"):
        assert in_your_words("Unheard of.", code).startswith("Diese Datei")


@pytest.mark.parametrize(
    "frame", [{"type": "document", "reason": "", "reason_code": "", "warnings": []}, {"type": "delta", "text": "reason"}]
)
def test_any_other_frame_is_left_as_it_is(frame: dict[str, str]) -> None:
    raw = encode(frame)
    assert for_reader(raw, "de") is raw
