"""The product as colleagues on the same network have it: by a name, over plain http, where browsers allow less."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.acting import ask, ended, sign_in, text_of
from tests.browser.conftest import LAN_NAME, OpenPage
from tests.product import Product


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ada, who has signed in from another machine."""
    page = open_page(host=LAN_NAME)
    sign_in(page)
    return page


def test_it_answers_and_copies_without_a_secure_context(page: Page) -> None:
    assert page.evaluate("[isSecureContext, navigator.clipboard, crypto.randomUUID]") == [False, None, None]
    answer = ended(ask(page, "Is anybody there?"))
    answer.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    question = page.get_by_label("Your question")
    question.press("ControlOrMeta+v")
    expect(question).to_have_value(text_of(answer))


def test_it_signs_out(page: Page) -> None:
    page.locator(".side-me summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_unknown_name_is_refused_in_words(product: Product) -> None:
    refused = httpx.get(product.address, headers={"Host": "elsewhere.example"})
    assert refused.status_code == 400
    assert "GEMMAWEB_ALLOWED_HOSTS" in refused.text
