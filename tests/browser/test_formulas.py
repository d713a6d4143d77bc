"""Formulas are drawn as MathML by a library that only pages with a formula fetch."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.acting import ask, drop, ended, sign_in
from tests.browser.conftest import OpenPage

NOTE = b"# Energy\n\nThe energy of a body at rest is $E = mc^2$ in every frame.\n\n# Price\n\nThe price of a ticket is $5 or $10 by day.\n"


def fetched(page: Page) -> list[str]:
    """The names of the formulas' files among what the page fetches from now on."""
    names: list[str] = []
    page.on("request", lambda request: names.append(request.url.rpartition("/")[2]) if "temml" in request.url.lower() else None)
    return names


def test_a_formula_is_drawn_and_its_library_fetched_once(open_page: OpenPage) -> None:
    page = open_page("/accounts/login/")
    sign_in(page)
    names = fetched(page)
    drop(page, {"energy.md": NOTE})
    expect(page.locator(".upload[data-status='ready']")).to_be_visible()
    ended(ask(page, "What does a ticket cost, which price?"))
    assert names == []
    answer = ended(ask(page, "What is the energy of a body at rest?"))
    formula = answer.locator(".prose .formula math")
    expect(formula.first).to_be_visible()
    assert formula.locator("msup").count() == 1
    assert answer.locator(".formula").get_attribute("title") == "E = mc^2"
    assert len([name for name in names if name.endswith(".js")]) == 1
    page.reload()
    expect(page.locator(".prose .formula math").first).to_be_visible()
