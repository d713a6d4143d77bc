"""Memory and speed on the administrator's page of models: what is shown moves with what is chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, save, sign_in
from tests.browser.conftest import OpenPage
from tests.browser.test_german import SPILLS
from tests.product import Product


@pytest.fixture
def _in_use(product: Product, installed: str) -> Iterator[None]:
    """The slow model answers, and afterwards the documents' own words."""
    product.manage("models", "use", installed)
    yield
    product.manage("models", "use", "quote")


def card(page: Page) -> Locator:
    """The card of the slow model."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="slow", exact=True))


def size_of(page: Page, part: str) -> str:
    """What is written beside a part of memory."""
    return card(page).locator(".memory-parts > div").filter(has_text=part).locator("dd").inner_text()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_memory_moves_with_context_and_slots(open_page: OpenPage, size: ViewportSize, dark: bool) -> None:
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto("/admin/models/")
    before = size_of(page, "Context")
    card(page).get_by_label("Answers at once").select_option("1")
    expect(card(page).get_by_role("button", name="Load it so")).to_be_visible()
    assert size_of(page, "Context") != before
    assert [part for part in page.evaluate(SPILLS) if not part.startswith("<input")] == []
    card(page).get_by_role("button", name="Use slow").scroll_into_view_if_needed()
    save(page, "fit" + ("-dark" if dark else "") + ("-narrow" if size == NARROW else ""))
    card(page).get_by_label("Answers at once").select_option("4")
    expect(card(page).get_by_role("button", name="Load it so")).to_have_count(0)
    assert size_of(page, "Context") == before


@pytest.mark.usefixtures("installed")
def test_a_setting_is_kept_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/admin/models/")
    card(page).get_by_label("Context, in tokens").focus()
    page.keyboard.press("ArrowUp")
    button = card(page).get_by_role("button", name="Load it so")
    expect(button).to_be_visible()
    button.press("Enter")
    expect(page.get_by_text("slow is loaded so from its next question on.")).to_be_visible()
    expect(card(page).get_by_label("Context, in tokens")).to_have_value("4096")
    card(page).get_by_label("Context, in tokens").select_option("8192")
    card(page).get_by_role("button", name="Load it so").click()
    expect(card(page).get_by_label("Context, in tokens")).to_have_value("8192")


@pytest.mark.usefixtures("_in_use")
def test_a_measurement_is_followed_stopped_and_shown(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/admin/models/")
    card(page).get_by_role("button", name="Measure this machine").click()
    expect(page.get_by_text("slow is being measured.")).to_be_visible()
    expect(card(page).get_by_role("progressbar")).to_be_visible()
    expect(card(page).get_by_role("progressbar")).not_to_have_attribute("value", "0")
    card(page).get_by_role("region", name="Speed").scroll_into_view_if_needed()
    save(page, "measuring")
    card(page).get_by_role("button", name="Stop measuring").click()
    expect(page.get_by_text("The measurement was stopped.")).to_be_visible()
    card(page).get_by_role("button", name="Measure this machine").click()
    expect(card(page).get_by_text("Writes four at once")).to_be_visible(timeout=90_000)
    expect(card(page).get_by_role("button", name="Measure this machine")).to_be_visible()
    card(page).get_by_role("region", name="Speed").scroll_into_view_if_needed()
    save(page, "measured")
