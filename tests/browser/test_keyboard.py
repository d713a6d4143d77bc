"""Everything by keyboard, with what a screen reader is told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import ask, drop, ended, sign_in
from tests.browser.conftest import OpenPage
from tests.conftest import PASSWORD

TABS_MAX = 40
CAN_BE_SEEN = """element => {
    const parts = [element, element.closest(".composer") ?? element];
    const look = () => parts.map(getComputedStyle).map(style => style.outline + style.borderColor + style.boxShadow).join();
    const focused = look();
    element.blur();
    const without = look();
    element.focus({focusVisible: true});
    return focused !== without;
}"""


@pytest.fixture
def _tides(open_page: OpenPage) -> None:
    """A document on the shelf, put there by another browser."""
    page = open_page()
    sign_in(page)
    drop(page, {"tides.txt": b"High tide at the lighthouse is at noon on midsummer day."})
    expect(page.get_by_label("Files being added").get_by_text(re.compile("Ready|here already"))).to_be_visible()


@pytest.mark.usefixtures("_tides")
def test_from_sign_in_to_the_source_and_back(open_page: OpenPage) -> None:
    page = open_page("/accounts/login/")
    tab_to(page, page.get_by_label("E-mail"))
    page.keyboard.type("ada@example.org")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/w/team/")
    tab_to(page, page.get_by_label("Your question"))
    page.keyboard.type("When is high tide at the lighthouse?")
    page.keyboard.press("Enter")
    answer = ended(page.locator("chat-answer"))
    marker = answer.get_by_role("button", name="Source 1")
    page.keyboard.press("Escape")
    tab_to(page, marker, back=True)
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Source")
    expect(panel.locator("mark")).to_contain_text("High tide at the lighthouse")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(marker).to_be_focused()


def test_the_skip_link_comes_first(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/w/team/documents/")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.usefixtures("_tides")
def test_a_screen_reader_hears_finished_blocks_and_no_letters(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    answer = ended(ask(page, "When is high tide at the lighthouse?"))
    expect(answer.locator(".answer-blocks")).to_have_attribute("aria-live", "polite")
    assert answer.locator(".answer-tail").evaluate("tail => tail.closest('[aria-live]')") is None
    expect(page.locator("#toasts")).to_have_attribute("aria-live", "polite")


def test_nothing_moves_for_whoever_wants_it_still(open_page: OpenPage) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    sign_in(page)
    moving = "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > .01)"
    assert page.evaluate(f"{moving}.map(element => element.className)") == []


def tab_to(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Press Tab until the focus is there, and can be seen."""
    expect(wanted).to_be_visible()
    for _ in range(TABS_MAX):
        if wanted.evaluate("element => element === document.activeElement"):
            assert wanted.evaluate(CAN_BE_SEEN), "the focus cannot be seen"
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError("the focus never came there")
