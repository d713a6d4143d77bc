"""How full the model's context is: beside the composer, true at the end of each answer, in words for whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser.acting import ADA, NARROW, WIDE, ask, ended, save, sign_in
from tests.browser.conftest import SLOW, OpenPage, opener
from tests.browser.test_german import SPILLS
from tests.conftest import PASSWORD
from tests.gguf_writer import write_gemma4
from tests.product import Product, wait_until

CONTEXT = 2048  # invented words cost three times as much when they are read again
STATES = "from apps.chat.models import Summary; print(*Summary.objects.filter(conversation='{}').values_list('state', flat=True))"
SMALL = {"GEMMAWEB_CONTEXT_TOKENS": str(CONTEXT), "GEMMAWEB_ANSWER_MAX_TOKENS": "64", "GEMMAWEB_SLOTS": "2"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product whose model sees little at once."""
    running = Product(tmp_path_factory.mktemp("small") / "home", **SMALL)
    running.start()
    running.manage("createadmin", "--email", ADA, "--password-stdin", given=PASSWORD)
    running.manage("models", "add", str(write_gemma4(tmp_path_factory.mktemp("models") / "slow.gguf", SLOW)), "--name", "slow")
    running.manage("models", "use", "slow")
    yield running
    running.stop()


@pytest.fixture
def open_page(browser: Browser, product: Product) -> Iterator[OpenPage]:
    """As in the other tests, on this product."""
    with opener(browser, product) as open_one:
        yield open_one


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fills_and_says_what_was_left_out(open_page: OpenPage, size: ViewportSize, dark: bool) -> None:
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto("/w/team/")
    expect(meter(page)).to_be_hidden()
    ended(ask(page, "Why is the sea salty, and since when?"))
    expect(meter(page)).to_be_visible()
    first = filled(page)
    assert 0 < first < 100
    expect(page.locator("#context-said")).to_be_empty()
    for _ in range(6):
        ended(ask(page, "Tell me more about the sea and its salt, please."))
    assert filled(page) > first
    expect(page.locator("#context-said")).to_contain_text("left out of the last answer")
    meter(page).focus()
    page.keyboard.press("Enter")
    told = page.locator("#context-told")
    expect(told).to_be_visible()
    expect(told.get_by_text("left out of the last answer").first).to_be_visible()
    expect(told.get_by_text(str(CONTEXT), exact=True)).to_be_visible()
    assert [part for part in page.evaluate(SPILLS) if not part.startswith("<input")] == []
    save(page, "context" + ("-dark" if dark else "") + ("-narrow" if size == NARROW else ""))
    page.keyboard.press("Escape")
    expect(told).to_be_hidden()
    expect(meter(page)).to_be_focused()


def test_a_summary_stands_for_what_was_left_out(open_page: OpenPage, product: Product) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/w/team/")
    told = page.locator("#context-told")
    for _ in range(9):
        ended(ask(page, "Tell me more about the sea and its salt, please."))
        if told.get_by_text("and nothing stood for them").count():
            break
    states = STATES.format(page.url.rstrip("/").rpartition("/")[2])  # the other tests' conversations are summarised too
    wait_until(lambda: "done" in product.manage("shell", "-c", states), "the summary to be written", within_s=180)
    ended(ask(page, "And what else is to be said about the sea?"))
    meter(page).click()
    expect(told.get_by_text("a summary of them by slow was used")).to_be_visible()
    told.get_by_text("The summary", exact=True).click()
    expect(told.locator(".context-summary-text")).not_to_be_empty()
    shown = told.locator(".context-summary-text").inner_text()
    save(page, "context-summary")
    page.reload()
    meter(page).click()
    expect(told.locator(".context-summary-text")).to_have_text(shown, use_inner_text=False)


def test_it_is_true_again_after_a_lost_connection(open_page: OpenPage) -> None:
    page, other = open_page(), open_page()
    sign_in(page)
    page.goto("/w/team/")
    ended(ask(page, "Why is the sea salty, and since when?"))
    page.wait_for_url("**/c/**")
    sign_in(other)
    other.goto(page.url)
    before = filled(page)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    expect(page.get_by_text("No connection")).to_be_visible()
    ended(ask(other, "Tell me more about the sea and its salt, please."))
    assert filled(other) > before
    page.context.set_offline(False)
    expect(page.locator("chat-answer[data-status=done]")).to_have_count(2)
    expect(meter(page).locator("[data-fill=percent]")).to_have_text(str(filled(other)))
    ended(ask(page, "And what else is to be said about the sea?"))
    expect(meter(other).locator("[data-fill=percent]")).to_have_text(str(filled(page)))


def meter(page: Page) -> Locator:
    """The button by the composer."""
    return page.get_by_role("button", name="Context")


def filled(page: Page) -> int:
    """How many percent it says."""
    return int(meter(page).locator("[data-fill=percent]").inner_text())
