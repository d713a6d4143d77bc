"""A stranger's first cited answer, from the first page to the marked words, and what stands around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import NARROW, ask, drop, ended, save, sign_in
from tests.browser.conftest import OpenPage
from tests.browser.reading import letters
from tests.conftest import PASSWORD
from tests.documents.files import pdf
from tests.product import Product, wait_until

QUESTION = "How many nights may a visiting boat stay at the guest pier?"
HANDBOOK = pdf(
    "This book holds the rules of the harbour.\nThe office is open from eight to six\nand answers on channel 12.",
    """A visiting boat may stay at the guest
pier for three nights in a row. After
the third night it must leave the pier
for two days.

The harbour office may allow a visiting
boat more nights at the guest pier when
a storm is announced. A night costs
2.40 per metre.""",
    "Diesel is sold at the east quay between\nseven and nine in the morning. Waste oil\nis taken back at the same place.",
    title="Harbour handbook",
)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An installation that nobody has seen yet; the tests here follow each other on it."""
    running = Product(tmp_path_factory.mktemp("fresh") / "home")
    running.start()
    yield running
    running.stop()


def test_a_stranger_gets_a_first_cited_answer(open_page: OpenPage) -> None:
    page = open_page()
    save(page, "first-run")
    set_up(page)
    save(page, "welcome")
    drop(page, {"Harbour handbook.pdf": HANDBOOK})
    expect(page.get_by_label("Files being added").get_by_text("Ready")).to_be_visible()
    answer = ended(ask(page, QUESTION))
    assert_evidence(page, answer, "1")
    answer.get_by_role("button", name="Source 2").click()
    assert_evidence(page, answer, "2")
    save(page, "answer-light")
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()


def test_in_the_dark(open_page: OpenPage) -> None:
    page = signed_in_at_the_answer(open_page(dark=True))
    assert_evidence(page, page.locator("chat-answer"), "1")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != page.evaluate("getComputedStyle(document.body).color")
    save(page, "answer-dark")


def test_what_is_not_in_the_files_has_no_source(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    answer = ended(ask(page, "Which whales swim past the harbour in winter?"))
    expect(answer.locator(".prose")).to_have_text("Nothing in the documents clearly answers this question.")
    expect(answer.locator(".marker, .source")).to_have_count(0)
    expect(panel(page)).to_be_hidden()
    expect(answer.locator(".near").first).to_be_hidden()
    answer.get_by_text("Nearest passages").click()
    expect(answer.locator(".near").first).to_be_visible()


def test_a_broken_file_says_why_and_harms_no_other(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    page.get_by_role("link", name="Documents").click()
    page.wait_for_url("**/documents/")
    drop(page, {"torn.pdf": HANDBOOK[:200], "notice.txt": b"The slipway is closed until the fifth of May."})
    torn, notice = (page.get_by_role("row", name=name) for name in ("torn.pdf", "notice.txt"))
    expect(notice.get_by_text("Ready")).to_be_visible()
    expect(torn).to_have_attribute("data-status", "failed")
    expect(torn.locator(".document-state-words")).to_contain_text("damaged")
    expect(notice.get_by_role("button", name="Read notice.txt again")).to_be_hidden()
    save(page, "documents")
    with page.expect_response("**/documents/selected/") as retried:
        torn.get_by_role("button", name="Read torn.pdf again").click()
    assert retried.value.ok
    expect(torn).to_have_attribute("data-status", "failed")


def test_on_a_phone(open_page: OpenPage) -> None:
    page = signed_in_at_the_answer(open_page(viewport=NARROW))
    expect(panel(page)).to_be_hidden()
    answer = page.locator("chat-answer")
    answer.get_by_role("button", name="Source 1").tap()
    assert_evidence(page, answer, "1")
    save(page, "answer-narrow")
    page.get_by_role("button", name="Close the source").tap()
    expect(panel(page)).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def set_up(page: Page) -> None:
    """What the first page asks for."""
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("team").fill("Harbour")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Open the workspace").click()
    expect(page.get_by_role("heading", name="Ask, and read the line")).to_be_visible()


def signed_in_at_the_answer(page: Page) -> Page:
    """The first conversation, opened from the side (a drawer where the page is narrow)."""
    sign_in(page)
    if (menu := page.get_by_role("button", name="Menu")).is_visible():
        menu.click()
    page.get_by_role("link", name="How many nights").click()
    expect(page.locator("chat-answer")).to_be_visible()
    return page


def panel(page: Page) -> Locator:
    """Beside the answer, or over it: the page that a marker points at."""
    return page.get_by_role("complementary", name="Source")


def assert_evidence(page: Page, answer: Locator, n: str) -> None:
    """The panel shows the page that marker `n` points at, with the quoted words marked."""
    quote = answer.locator(f".source[data-n='{n}'] .source-quote").text_content()
    assert quote
    expect(panel(page).get_by_text("page 2 of 3")).to_be_visible()
    expect(panel(page).locator("[aria-current=true] .marker")).to_have_text(n)
    marks = panel(page).locator("mark")
    wait_until(lambda: letters("".join(marks.all_text_contents())) == letters(quote), "the quoted words to be marked")
    expect(marks.first).to_be_in_viewport()
