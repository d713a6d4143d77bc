"""Search inside a document: the pages, how often, and how far it looked."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.documents import finding
from apps.documents.finding import find_in
from apps.documents.models import Document
from apps.documents.services import remove
from tests.conftest import signed_in
from tests.documents.conftest import Upload, current
from tests.documents.pdfs import lines, pdf_of

PAGES = (
    lines("The lease begins in May. THE LEASE", "ends in June."),
    lines("Nothing of it here."),
    lines("A lea-", "se is broken at the line's end; the", "lease goes on. Caf\xe9, caf\xe9s."),
)


@pytest.fixture
def document(upload: Upload) -> Document:
    """A PDF of three pages."""
    return upload(pdf_of(*PAGES), name="lease.pdf")


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        ("the lease", [(1, 2), (3, 1)]), ("LEASE", [(1, 2), (3, 2)]), ("lease ends", [(1, 1)]), ("lease—ends", [(1, 1)]),
        ("cafe", [(3, 2)]), ("line's end", [(3, 1)]), ("not in there", []), ("", []), ("  ", []), ("?!", []),
    ],
)  # fmt: skip
def test_words_are_found_however_they_are_written(document: Document, query: str, pages: list[tuple[int, int]]) -> None:
    hits = find_in(current(document), query)
    assert [(page.number, page.times) for page in hits.pages] == pages
    assert (hits.total, hits.until) == (sum(times for _, times in pages), 0)


@pytest.mark.parametrize(
    ("text", "query", "times"),
    [
        ("東京都は日本の\n首都です。首都 高速", "首都", 2),
        ("東京都は日本の\n首都です。", "日本の首都", 1),
        ("क्षेत्र में भाषा है। भाषा", "भाषा", 2),
        ("ภาษาไทย ภาษา", "ภาษา", 2),
        ("السَّلام عليكم والسلام", "السلام", 2),
        ("Straße STRASSE strasse", "straße", 3),
    ],
)
def test_words_of_other_scripts_are_found(upload: Upload, text: str, query: str, times: int) -> None:
    assert find_in(current(upload(text, name="words.txt")), query).total == times


def test_the_columns_name_counts_once_as_it_is_shown_once(upload: Upload) -> None:
    document = upload("town,name\nRome,Ada\nOslo,Bob\n", name="people.csv")
    assert find_in(current(document), "town").total == 1


def test_a_book_without_end_is_searched_up_to_a_page(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "LOOKED_AT_CHARS", 10)
    hits = find_in(current(document), "lease")
    assert (hits.total, hits.until) == (2, 1)
    monkeypatch.setattr(finding, "LOOKED_AT_CHARS", 10_000)
    monkeypatch.setattr(finding, "HITS_MAX", 3)
    assert find_in(current(document), "lease").until == 0, "the last page was looked at"


def test_the_viewer_is_told_in_short(document: Document, bob: User) -> None:
    reply = signed_in(bob).get(f"/d/{document.pk}/find/", {"find": "lease"})
    assert reply.json() == {"total": 4, "pages": [[1, 2], [3, 2]], "until": 0}
    assert signed_in(bob).get(f"/d/{document.pk}/find/").json() == {"total": 0, "pages": [], "until": 0}


def test_a_file_that_is_not_read_has_nothing(upload: Upload, bob: User) -> None:
    reply = signed_in(bob).get(f"/d/{upload(read=False).pk}/find/", {"find": "lease"})
    assert reply.json()["total"] == 0


@pytest.mark.parametrize("query", ["\x00", "a" * 100_000, "\ud800", "((((", "%_%"])
def test_no_query_breaks_it(document: Document, bob: User, query: str) -> None:
    reply = signed_in(bob).get(f"/d/{document.pk}/find/", {"find": query.encode("utf-8", "surrogatepass")})
    assert reply.status_code == 200


def test_a_stranger_finds_nothing(document: Document, alice: User, charlie: User) -> None:
    address = f"/d/{document.pk}/find/"
    assert signed_in(charlie).get(address, {"find": "lease"}).status_code == 404
    assert Client().get(address, {"find": "lease"}).status_code == 302
    remove(document=document, removed_by=alice)
    assert signed_in(alice).get(address, {"find": "lease"}).status_code == 404


def test_the_list_of_pages_says_where(document: Document, bob: User) -> None:
    page = signed_in(bob).get(f"/d/{document.pk}/", {"find": "lease"})
    assert [tuple(entry) for entry in page.context["contents"]] == [
        (1, "The lease begins in May. THE LEASE", 2),
        (2, "Nothing of it here.", 0),
        (3, "A lease is broken at the line's end; the", 2),
    ]
    assert b"found 4 times" in page.content
