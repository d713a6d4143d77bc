"""The administrator's page of models, and a workspace's settings, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, save, sign_in
from tests.browser.conftest import OpenPage
from tests.browser.test_german import SPILLS
from tests.product import Product


@pytest.fixture
def _quote(product: Product) -> Iterator[None]:
    """The documents' own words answer again afterwards."""
    yield
    product.manage("models", "use", "quote")


@pytest.mark.usefixtures("installed", "_quote")
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_model_is_chosen_and_answers_the_next_question(open_page: OpenPage, size: ViewportSize, dark: bool) -> None:
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto("/admin/models/")
    page.get_by_role("button", name="Use slow").click()
    expect(page.get_by_text("From the next question on, slow answers.")).to_be_visible()
    expect(card(page, "slow").get_by_text("Answers now")).to_be_visible()
    assert [part for part in page.evaluate(SPILLS) if not part.startswith("<input")] == []
    save(page, "models" + ("-dark" if dark else "") + ("-narrow" if size == NARROW else ""))
    page.goto("/w/team/")
    expect(page.get_by_text("slow").first).to_be_visible()


@pytest.mark.usefixtures("installed")
def test_the_sum_and_the_command_are_copied(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/admin/models/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the SHA-256 of slow").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert len(page.evaluate("navigator.clipboard.readText()")) == 64
    page.get_by_role("button", name="Copy", exact=True).click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text === '.venv/bin/python manage.py models add FILE')")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_workspace_is_set_up_by_keyboard(open_page: OpenPage, size: ViewportSize, dark: bool) -> None:
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto("/w/team/settings/")
    page.get_by_label("Verbatim only").focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("The installed model")).to_be_checked()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Verbatim only")).to_be_checked()
    assert [part for part in page.evaluate(SPILLS) if not part.startswith("<input")] == []
    save(page, "settings" + ("-dark" if dark else "") + ("-narrow" if size == NARROW else ""))
    page.get_by_label("The installed model").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("The installed model")).to_be_checked()


def card(page: Page, name: str) -> Locator:
    """The card of a model."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))
