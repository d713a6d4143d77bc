"""A document's own page: its pages or its text, the search inside it, the list of pages, and each state a file can be in."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acting import NARROW, drop, save
from tests.browser.conftest import OpenPage
from tests.browser.reading import Reader, await_drawn, marked, open_at
from tests.documents.files import pdf
from tests.documents.pdfs import book, jpeg2000, lines, pdf_of
from tests.product import Product

BOOK_PAGES = 350
SENTENCE = "The lighthouse of Kap Arkona burned whale oil until the year 1802."
ROWS = "".join(f"Person {number},Town {number % 7},{1000 + number}\n" for number in range(160))
RULES = "# Rules\n\nFirst words.\n\n- one\n- two\n\n" + "\n\n".join(f"## Part {n}\n\n{'Words of this part. ' * 40}" for n in range(1, 9))
FILES = {
    "lighthouse.pdf": book(BOOK_PAGES, SENTENCE, on_page=300),
    "berths.pdf": pdf_of(
        lines("The berth is free. A berth costs two.", "No bert-", "hs are free in May."),
        lines("Nothing here."),
        lines("The last BERTH of all."),
        pictures=[jpeg2000()],
    ),
    "people.csv": b"name,city,phone\n" + ROWS.encode(),
    "rules.md": RULES.encode(),
    "torn.pdf": pdf("torn")[:200],
}


@pytest.fixture(scope="module")
def reader(product: Product) -> Reader:
    """Somebody with the files above."""
    return Reader(product, "shelf", FILES)


@pytest.fixture
def page(open_page: OpenPage, reader: Reader) -> Page:
    """A page of theirs."""
    return reader.reads(open_page("/accounts/login/"))


def test_a_thick_book_opens_at_its_three_hundredth_page(page: Page, reader: Reader) -> None:
    asked: list[int] = []
    page.on("response", lambda response: asked.append(_bytes_of(response.headers)) if "/original/" in response.url else None)
    begun = time.monotonic()
    open_at(page, reader.shelf["lighthouse.pdf"], 300, SENTENCE)
    took_s = time.monotonic() - begun
    assert "".join(mark["words"] for mark in marked(page)) == SENTENCE
    expect(page.locator(".viewer-where")).to_have_text(f"page 300 of {BOOK_PAGES}")
    assert took_s < 10, "it takes 1.5 s alone on the machine"
    assert sum(asked) < len(FILES["lighthouse.pdf"]) / 4, "in parts, and not from its first page on"


def _bytes_of(headers: dict[str, str]) -> int:
    """What an answer brought; the first one is broken off once its headers are there."""
    return int(headers["content-length"]) if "content-range" in headers else 0


def test_only_what_is_near_is_kept(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["lighthouse.pdf"], 1)
    stage = page.locator(".viewer-stage")
    for share in (0.2, 0.4, 0.6, 0.8, 1):
        stage.evaluate("(stage, share) => { stage.scrollTop = stage.scrollHeight * share }", share)
        expect(page.locator(".viewer-where")).not_to_have_text(f"page 1 of {BOOK_PAGES}")
        number = int((page.locator(".viewer-where").text_content() or "").split()[1])
        await_drawn(page, number)
    assert page.locator(".pdf-page canvas").count() <= 12
    assert page.locator(".pdf-page").count() == BOOK_PAGES


def test_the_search_goes_from_place_to_place(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["berths.pdf"], 1)
    field, count, hits = page.get_by_label("Find in this document"), page.locator("#find-count"), page.locator(".pdf-text mark.hit")
    field.fill("berth")
    expect(count).to_have_text("1 of 4")
    expect(hits).to_have_text(["berth", "berth", "bert-", "h"])
    expect(page.locator("#pages [data-number='1'] .page-hits")).to_have_text("3")
    expect(page.locator("#pages [data-number='3'] .page-hits")).to_have_text("1")
    for number in (2, 3, 4):
        field.press("Enter")
        expect(count).to_have_text(f"{number} of 4")
    expect(page.locator("mark.hit.current")).to_have_text(["BERTH"])
    expect(page.locator("mark.hit.current")).to_be_in_viewport()
    expect(page.locator(".viewer-where")).to_have_text("page 3 of 3")
    field.press("Enter")
    expect(count).to_have_text("1 of 4")
    page.get_by_role("button", name="Previous place").click()
    expect(count).to_have_text("4 of 4")
    save(page, "document-find")
    field.fill("whales")
    expect(count).to_have_text("not in this document")
    expect(page.locator("mark.hit")).to_have_count(0)
    field.press("Escape")
    expect(count).to_be_empty()


def test_the_list_of_pages_leads_there(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["berths.pdf"], 1)
    page.get_by_role("link", name="3 The last BERTH of all.").click()
    await_drawn(page, 3)
    expect(page.locator(".viewer-where")).to_have_text("page 3 of 3")
    expect(page.locator("#pages [aria-current]")).to_contain_text("3")
    expect(page).to_have_url(re.compile(r"\?page=3$"))


def test_scanned_pictures_are_drawn_without_web_assembly(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["berths.pdf"], 2)
    colour = page.locator(".pdf-page[data-number='2'] canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(canvas.width * 400 / 595, canvas.height * (842 - 180) / 842, 1, 1).data]"
    )
    assert [abs(found - drawn) < 20 for found, drawn in zip(colour, (200, 30, 30, 255), strict=True)] == [True] * 4


def test_rows_are_a_table_with_the_quote_marked(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["people.csv"], 2, "name: Person 60 city: Town 4")
    row = page.get_by_role("row", name="Person 60 Town 4 1060")
    expect(row.locator("mark")).to_have_text(["Person 60", "Town 4"])
    expect(row).to_be_in_viewport()
    expect(page.get_by_role("columnheader")).to_have_text(["name", "city", "phone"])
    expect(page.get_by_role("button", name="Larger")).to_have_count(0)
    save(page, "document-table")


def test_more_of_the_text_comes_before_and_after(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["people.csv"], 2)
    page.get_by_role("button", name="Show more before").click()
    expect(page.locator(".paper[data-number='1']")).to_be_visible()
    expect(page.get_by_role("button", name="Show more before")).to_have_count(0)
    stage = page.locator(".viewer-stage")
    for _ in range(4):
        stage.evaluate("stage => { stage.scrollTop = stage.scrollHeight }")
        page.wait_for_load_state("networkidle")
    expect(page.locator(".paper[data-number='4']")).to_be_visible()
    expect(page.locator(".paper")).to_have_count(4)
    page.get_by_label("Find in this document").fill("person 7")
    expect(page.locator("mark.hit.current")).to_have_text("Person 7")
    expect(page.locator("mark.hit.current")).to_be_in_viewport()


def test_headings_and_lists_are_seen(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["rules.md"], 1)
    expect(page.get_by_role("heading", name="Rules", level=2)).to_be_visible()
    expect(page.locator(".paper li")).to_have_text(["- one", "- two"])
    expect(page.get_by_role("link", name=re.compile("Part 5"))).to_be_visible()


def test_a_failed_file_says_why_and_can_be_read_again(page: Page, reader: Reader) -> None:
    page.goto(f"/d/{reader.shelf['torn.pdf']}/")
    expect(page.get_by_role("heading", name="This file could not be read")).to_be_visible()
    expect(page.get_by_text("damaged")).to_be_visible()
    save(page, "document-failed")
    with page.expect_response("**/retry") as retried:
        page.get_by_role("button", name="Read it again").click()
    assert retried.value.ok
    expect(page.get_by_role("heading", name="This file could not be read")).to_be_visible()


def test_a_file_that_is_being_read_opens_when_it_is_done(page: Page, product: Product) -> None:
    reader = product.pid_of("ingest")
    os.kill(reader, signal.SIGSTOP)
    try:
        page.goto("/w/shelf/documents/")
        drop(page, {"slow.txt": b"It took its time."})
        page.get_by_role("link", name="slow.txt", exact=True).click()
        expect(page.get_by_role("heading", name="This file is being read")).to_be_visible()
        expect(page.get_by_text("Waiting to be read")).to_be_visible()
        save(page, "document-waiting")
    finally:
        os.kill(reader, signal.SIGCONT)
    expect(page.locator(".paper")).to_contain_text("It took its time.")


def test_a_deleted_document_comes_back_from_its_page(page: Page, reader: Reader) -> None:
    pk = reader.shelf["rules.md"]
    page.goto("/w/shelf/documents/")
    csrf = page.locator("body").get_attribute("data-csrf") or ""
    gone = page.request.delete(f"/api/workspaces/shelf/documents/{pk}", headers={"X-CSRFToken": csrf, "Referer": page.url})
    assert gone.ok
    page.goto(f"/d/{pk}/")
    expect(page.get_by_role("heading", name="This document was deleted")).to_be_visible()
    save(page, "document-gone")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator(".paper")).to_contain_text("First words.")


def test_without_a_connection_what_is_shown_stays(page: Page, reader: Reader) -> None:
    open_at(page, reader.shelf["lighthouse.pdf"], 1)
    page.context.set_offline(True)
    expect(page.get_by_text("No connection. What you see stays")).to_be_visible()
    expect(page.locator(".pdf-page[data-number='1'] canvas")).to_be_visible()
    page.locator(".viewer-stage").evaluate("stage => { stage.scrollTop = stage.scrollHeight / 2 }")
    expect(page.locator(".viewer-where")).not_to_have_text(f"page 1 of {BOOK_PAGES}")
    number = int((page.locator(".viewer-where").text_content() or "").split()[1])
    expect(page.locator(f".pdf-page[data-number='{number}']").get_by_text("This page cannot be drawn")).to_be_in_viewport()
    page.context.set_offline(False)
    expect(page.get_by_text("No connection")).to_be_hidden()
    await_drawn(page, number)
    expect(page.get_by_text("This page cannot be drawn")).to_have_count(0)


def test_on_a_phone(open_page: OpenPage, reader: Reader) -> None:
    page = reader.reads(open_page("/accounts/login/", viewport=NARROW, dark=True))
    open_at(page, reader.shelf["berths.pdf"], 1, "No berths are free in May.")
    expect(page.locator(".pdf-text mark").first).to_be_in_viewport()
    expect(page.locator("#pages")).to_be_hidden()
    page.locator(".page-list summary").tap()
    page.get_by_role("link", name="3 The last BERTH of all.").tap()
    expect(page.locator(".viewer-where")).to_have_text("page 3 of 3")
    save(page, "document-narrow-dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_it_reads_without_scripts(browser: Browser, product: Product, page: Page, reader: Reader) -> None:
    plain = browser.new_context(base_url=product.address, java_script_enabled=False)
    plain.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    other = plain.new_page()
    other.goto(f"/d/{reader.shelf['berths.pdf']}/?page=1&quote=No+berths+are+free&find=berth")
    expect(other.locator(".paper mark")).to_have_text("No berths are free")
    expect(other.locator("#find-count")).to_have_text("found 4 times")
    expect(other.get_by_role("button", name="Larger")).to_be_hidden()
    other.get_by_role("link", name="Next page").click()
    expect(other.get_by_text("page 2 of 3")).to_be_visible()
    expect(other.locator(".paper")).to_contain_text("Nothing here.")
    plain.close()
