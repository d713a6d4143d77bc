"""Names of files: whatever is given, what is kept is a harmless last part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.documents.names import NAME_MAX_CHARS, clean_name


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\me\\Brief.docx", "Brief.docx"),
        ("nul\x00l.txt", "null.txt"),
        ("a\r\nb.txt", "ab.txt"),
        ("\u202efdp.exe", "fdp.exe"),
        ("half\ud800.txt", "half.txt"),
        ("  spaced.txt ", "spaced.txt"),
        ("..", "file"),
        ("/", "file"),
        ("", "file"),
        ("Übersicht 契約.pdf", "Übersicht 契約.pdf"),
    ],
)
def test_a_name_is_cleaned(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


def test_a_long_name_keeps_its_ending() -> None:
    kept = clean_name("x" * 500 + ".docx")
    assert len(kept) == NAME_MAX_CHARS
    assert kept.endswith("x.docx")


@given(st.text())
def test_any_name_can_be_stored_and_shown(given_name: str) -> None:
    kept = clean_name(given_name)
    assert 0 < len(kept) <= NAME_MAX_CHARS
    assert "/" not in kept
    assert "\x00" not in kept
    kept.encode()
