"""Questions to begin with come by themselves once a file has been read; a click asks one, and its answer cites the file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, drop, ended, save, sign_in
from tests.browser.conftest import OpenPage
from tests.product import Product

RULES = """# Rules of the {name} chapel

## Opening hours of the {name} chapel

The {name} chapel is open from eight to five, and on the eve of a feast until nine.

## Ringing of the {name} bell

The {name} bell is rung by the keeper alone, at noon.
"""


@pytest.mark.parametrize(("size", "name"), [(WIDE, "upper"), (NARROW, "lower")], ids=["wide", "narrow"])
def test_a_click_asks_and_the_answer_cites(open_page: OpenPage, product: Product, size: ViewportSize, name: str) -> None:
    product.manage("createworkspace", f"chapel-{name}", "--owner", "ada@example.org")
    page: Page = open_page(viewport=size)
    sign_in(page)
    page.goto(f"/w/chapel-{name}/")
    expect(page.locator("[data-question]")).to_have_count(0)
    drop(page, {"rules.md": RULES.format(name=name).encode()})
    question = page.get_by_role("button", name=f"What is said about “Ringing of the {name} bell”? Rules of the {name} chapel")
    expect(question).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    save(page, f"examples-{size['width']}")
    question.focus()
    page.keyboard.press("Enter")
    answer = ended(page.locator("chat-answer"))
    expect(answer.locator(".prose")).to_contain_text("rung by the keeper alone")
    expect(answer.locator("button.marker").first).to_be_visible()
    expect(question).to_have_count(0)
    page.goto(f"/w/chapel-{name}/")
    expect(question).to_be_visible()
