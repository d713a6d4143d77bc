"""The quoted words are marked where they stand on the page of a PDF, however that was laid out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.reading import Reader, letters, marked, open_at
from tests.documents.pdfs import CHINESE, CODED, JAPANESE, Run, interleaved, lines, pdf_of
from tests.product import Product

LEFT = ("The left column says that", "the guest pier is free for", "three nights in a row.")
RIGHT = ("The right column tells of", "diesel, which is sold on", "the east quay only.")
ARABIC = "<41> <0633> <42> <06440627> <43> <0645> <44> <0627> <45> <0644> <46> <0020> <47> <0648> <48> <062D>"
PDFS = {
    "breaks.pdf": pdf_of(
        lines(
            "Either party may end the lease with six months’ no-",
            "tice to the end of a quarter. It is sent by regis-",
            "tered letter.",
        ),
        lines("Once more: six months.", "", "Twice more: six months.", "", "Thrice more: six months."),
    ),
    "ligatures.pdf": pdf_of(
        [Run(60, 90, "The \x01rm con\x01rms the o\x02er of the o\x03ce.", CODED)],
        letters="<01> <FB01> <02> <00660066> <03> <FB03>",
    ),
    "columns.pdf": pdf_of(
        [*lines(*LEFT, x=50), *lines(*RIGHT, x=320)],
        interleaved(lines(*LEFT, x=50), lines(*RIGHT, x=320)),
    ),
    "asian.pdf": pdf_of(
        [
            *lines("港湾規則によると客船は", "三泊まで停泊できます。", font=JAPANESE),
            *lines("码头办公室每天八点开门。", y=300, font=CHINESE),
        ]
    ),
    "arabic.pdf": pdf_of(lines("CBAED", "HGFCBAED", font=CODED), letters=ARABIC),
    "turned.pdf": pdf_of(lines("This page was scanned lying on its side", "and turned afterwards."), rotate=90),
}


@pytest.fixture(scope="module")
def reader(product: Product) -> Reader:
    """Somebody with the files above."""
    return Reader(product, "quotes", PDFS)


@pytest.fixture
def page(open_page: OpenPage, reader: Reader) -> Page:
    """A page of theirs."""
    return reader.reads(open_page("/accounts/login/"))


@pytest.mark.parametrize(
    ("name", "number", "quote"),
    [
        ("breaks.pdf", 1, "Either party may end the lease with six months' notice to the end of a quarter."),
        ("breaks.pdf", 1, "SENT BY REGISTERED LETTER"),
        ("breaks.pdf", 1, "six months’ notice"),
        ("ligatures.pdf", 1, "The firm confirms the offer of the office."),
        ("columns.pdf", 1, "the guest pier is free for three nights in a row."),
        ("columns.pdf", 1, "diesel, which is sold on the east quay only"),
        ("columns.pdf", 2, "the guest pier is free for diesel, which is sold on"),
        ("asian.pdf", 1, "客船は三泊まで停泊できます。"),
        ("asian.pdf", 1, "码头办公室每天八点开门"),
        ("arabic.pdf", 1, "السلام"),
        ("turned.pdf", 1, "scanned lying on its side and turned"),
    ],
)
def test_the_words_are_marked_and_no_others(page: Page, reader: Reader, name: str, number: int, quote: str) -> None:
    open_at(page, reader.shelf[name], number, quote)
    expect(page.locator(".pdf-text mark").first).to_be_in_viewport()
    marks = marked(page)
    assert {mark["page"] for mark in marks} == {number}
    assert sorted(letters("".join(mark["words"] for mark in marks))) == sorted(letters(quote)), "lam and alef may change places"
    expect(page.locator(".viewer-note")).to_be_hidden()


def test_what_the_server_read_is_found_on_the_page_too(page: Page, reader: Reader) -> None:
    """The Arabic line as PDFium gave it, lam-alef and the order of words included."""
    text = page.request.get(f"/d/{reader.shelf['arabic.pdf']}/pages/1/").text()
    words = re.findall("[\u0600-\u06ff]+(?: [\u0600-\u06ff]+)*", text)
    assert words
    for quote in words:
        open_at(page, reader.shelf["arabic.pdf"], 1, quote)
        assert letters("".join(mark["words"] for mark in marked(page))), quote


def test_the_marks_lie_over_the_lines(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["columns.pdf"], 1, "diesel, which is sold on the east quay only")
    for mark, line in zip(marked(page), (96, 112), strict=True):
        assert 318 < mark["left"] < 322
        assert mark["right"] < 460
        assert mark["top"] < line - 4
        assert line < mark["bottom"] < line + 8


def test_of_several_places_the_cited_one_is_marked(page: Page, reader: Reader) -> None:
    text = "Once more: six months.\nTwice more: six months.\nThrice more: six months."
    page.goto(f"/d/{reader.shelf['breaks.pdf']}/?page=2&quote=six+months&start={text.rindex('six')}")
    expect(page.locator(".pdf-text mark")).to_have_count(1)
    assert 144 - 12 < marked(page)[0]["top"] < 144


def test_words_in_another_order_are_marked_as_near(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["columns.pdf"], 2, "The left column says that the guest pier is free for three nights in a row.")
    expect(page.locator(".viewer-note")).to_contain_text("in another form or order")
    words = " ".join(mark["words"] for mark in marked(page))
    assert "guest pier is free for" in words
    assert "diesel" not in words


def test_words_that_are_not_there_are_said_not_to_be(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["columns.pdf"], 2, "Whales are counted every winter from the lighthouse.")
    expect(page.locator(".viewer-note")).to_have_text("The quoted words were not found on this page.")
    assert marked(page) == []
    expect(page.get_by_text("page 2 of 2")).to_be_visible()


def test_the_text_view_marks_the_same(page: Page, reader: Reader) -> None:
    quote = "Either party may end the lease with six months' notice"
    open_at(page, reader.shelf["breaks.pdf"], 1, quote)
    page.get_by_role("button", name="Text").click()
    expect(page.locator(".paper mark")).to_contain_text("Either party may end the lease")
    expect(page.locator(".pdf-page")).to_have_count(0)
    page.get_by_role("button", name="Text").click()
    expect(page.locator(".pdf-text mark").first).to_be_in_viewport()
