"""A long answer: seen by several at once, through reloads, from another device; what is shown is what is stored."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import NARROW, ask, begun, ended, heard, row_of, sign_in, text_of, written
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.usefixtures("model")
RELOADS = 3


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ada at an empty conversation."""
    page = open_page()
    sign_in(page)
    return page


@pytest.fixture
def phone(open_page: OpenPage) -> Page:
    """Ada's phone."""
    phone = open_page(viewport=NARROW)
    sign_in(phone)
    return phone


def test_reloads_and_other_windows_show_the_same(page: Page, phone: Page) -> None:
    shown = begun(ask_first(page, "Tell me all of it"))
    tab = page.context.new_page()
    for window in (tab, phone):
        window.goto(page.url)
        assert begun(last(window)).startswith(shown)
    for _ in range(RELOADS):
        shown = begun(last(page))
        page.reload()
        assert begun(last(page)).startswith(shown)
    texts = [text_of(ended(last(window))) for window in (page, tab, phone)]
    assert texts == [row_of(page)] * 3
    assert_a_fresh_page_looks_the_same(page)


def test_closing_the_tab_does_not_stop_the_answer(page: Page, phone: Page) -> None:
    shown = begun(ask_first(page, "Go on without me"))
    address = page.url
    page.close()
    phone.goto(address)
    now = begun(last(phone))
    assert now.startswith(shown)
    assert len(now) > len(shown)
    last(phone).get_by_role("button", name="Stop").tap()
    assert text_of(ended(last(phone), "stopped")) == row_of(phone)


def test_stop_from_the_phone_keeps_what_was_shown(page: Page, phone: Page) -> None:
    frames = heard(page)
    begun(ask_first(page, "Tell me until I say stop"))
    phone.goto(page.url)
    begun(last(phone))
    last(phone).get_by_role("button", name="Stop").tap()
    texts = [text_of(ended(last(window), "stopped")) for window in (page, phone)]
    assert texts == [row_of(page)] * 2 == [written(frames)] * 2
    last(page).get_by_role("button", name="Ask again").click()
    expect(page.locator("chat-answer")).to_have_count(2)
    begun(last(page))
    last(page).get_by_role("button", name="Stop").click()
    ended(last(phone), "stopped")


def test_the_side_has_titles_new_names_and_an_undo(page: Page) -> None:
    begun(ask_first(page, "What is the tide today?"))
    last(page).get_by_role("button", name="Stop").click()
    talk = page.get_by_role("navigation").get_by_role("listitem").filter(has_text="What is the tide")
    choose(talk, "Rename")
    page.get_by_label("Title").fill("Tides")
    page.get_by_label("Title").press("Enter")
    expect(page.get_by_role("heading", name="Tides")).to_be_visible()
    page.reload()
    talk = page.get_by_role("navigation").get_by_role("listitem").filter(has_text="Tides")
    choose(talk, "Delete")
    expect(talk).to_have_count(0)
    expect(page.get_by_text("This conversation was deleted")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(talk).to_be_visible()
    expect(last(page)).to_be_visible()


def ask_first(page: Page, question: str) -> Locator:
    """Ask, and wait until the conversation has its address."""
    answer = ask(page, question)
    page.wait_for_url("**/c/**")
    return answer


def last(page: Page) -> Locator:
    """The newest answer."""
    return page.locator("chat-answer").last


def choose(talk: Locator, action: str) -> None:
    """An entry of a conversation's menu in the side."""
    talk.hover()
    talk.get_by_label("Rename or delete").click()
    talk.get_by_role("button", name=action).click()


def assert_a_fresh_page_looks_the_same(page: Page) -> None:
    """What grew block by block is what the server shows of the whole."""
    grown = last(page).locator(".answer-blocks").inner_html()
    page.reload()
    expect(last(page)).to_have_attribute("data-status", "done")
    assert last(page).locator(".answer-blocks").inner_html() == grown
