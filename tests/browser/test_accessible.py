"""No barrier that axe-core knows of, on any page, in either theme; and pages hold at a large zoom, in forced colours, with long words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, save, sign_in
from tests.browser.barriers import barriers
from tests.browser.conftest import OpenPage, opener
from tests.browser.furnished import furnish
from tests.product import Product

SPILLS = """() => document.scrollingElement.scrollWidth > innerWidth + 1
    ? [...document.querySelectorAll("body *")].filter(part => part.getBoundingClientRect().right > innerWidth + 1)
        .map(part => part.outerHTML.slice(0, 100)).slice(0, 5) : []"""
UNSEEN = """() => [...document.querySelectorAll("button, a[href], input, select, textarea")].filter(control => {
    const {inlineSize} = getComputedStyle(control);
    return control.checkVisibility() && parseFloat(inlineSize) < 1;
}).map(control => control.outerHTML.slice(0, 100))"""
# Answers to programs, parts of pages, pictures, and ways that only lead on or take what is posted.
NO_PAGES = {
    "healthz", "readyz", "home", "picture", "document_original", "document_page", "document_find", "citation",
    "document_rows", "documents_selected", "conversation_messages", "examples",
    "model_states", "model_fit", "model_measure", "model_servers",
    "account_signup", "my_picture", "my_theme", "unarchive_workspace", "conversation_rename", "conversation_delete", "conversation_restore",
}  # fmt: skip
ELSEWHERE = {
    "first_run": "test_first_hour.py",
    "invitation": "test_first_hour.py",
    "reset": "test_people.py",
    "set_password": "test_people.py",
}
SIGNED_OUT = {"account_login": "/accounts/login/", "account_inactive": "/accounts/inactive/"}
ZOOMED = ViewportSize(width=640, height=400)  # 1280 x 800 at 200 %
Addresses = Mapping[str, str]


@pytest.fixture(scope="module")
def furnished(browser: Browser, product: Product) -> Addresses:
    """The pages of an installation in which things have happened, by the names of their addresses."""
    with opener(browser, product) as open_page:
        return furnish(open_page)


def page_names(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """The names of all addresses but those for programs."""
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from page_names(pattern.url_patterns, address)
        elif not address.startswith(("api/", "v1/")):
            yield str(pattern.name)


def test_every_page_is_looked_at(furnished: Addresses) -> None:
    assert set(page_names(get_resolver().url_patterns)) - NO_PAGES - set(ELSEWHERE) - set(SIGNED_OUT) - set(furnished) == set()


@pytest.mark.parametrize(("viewport", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide and light", "narrow and dark"])
def test_no_page_has_a_barrier(furnished: Addresses, open_page: OpenPage, viewport: ViewportSize, dark: bool) -> None:
    page = open_page("/accounts/login/", viewport=viewport, dark=dark)
    found = {}
    for name, address in SIGNED_OUT.items():
        page.goto(address)
        found[name] = barriers(page)
    sign_in(page)
    for name, address in furnished.items():
        page.goto(address)
        found[name] = barriers(page) + page.evaluate(SPILLS) + page.evaluate(UNSEEN)
        save(page, f"pages/{name}-{viewport['width']}-{'dark' if dark else 'light'}")
    assert {name: parts for name, parts in found.items() if parts} == {}


def test_an_open_source_and_the_open_menus_have_no_barrier(furnished: Addresses, open_page: OpenPage) -> None:
    page = open_page("/accounts/login/")
    sign_in(page)
    page.goto(furnished["conversation"])
    page.locator(".prose .marker").first.click()
    expect(page.locator("#evidence mark").first).to_be_visible()
    page.locator(".side-me > summary").click()
    assert barriers(page) == []
    page.get_by_role("button", name="What was said here").click()
    assert barriers(page) == []


def test_pages_hold_at_twice_the_size(furnished: Addresses, open_page: OpenPage) -> None:
    page = open_page("/accounts/login/", viewport=ZOOMED)
    sign_in(page)
    spilling = {}
    for name, address in furnished.items():
        page.goto(address)
        spilling[name] = page.evaluate(SPILLS)
    assert {name: parts for name, parts in spilling.items() if parts} == {}


def test_controls_keep_their_edges_in_forced_colours(furnished: Addresses, open_page: OpenPage) -> None:
    page = open_page("/accounts/login/")
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    sign_in(page)
    page.goto(furnished["conversation"])
    for control in (page.get_by_role("button", name="Send"), page.locator(".prose .marker").first, page.locator("#composer")):
        assert control.evaluate("control => parseFloat(getComputedStyle(control).borderTopWidth)") >= 1
    assert page.locator(".button").first.evaluate("button => getComputedStyle(button).transitionDuration") in {"0s", "1e-05s", "0.001s"}


def test_what_was_said_can_be_read_again(furnished: Addresses, open_page: OpenPage) -> None:
    page = open_page("/accounts/login/")
    sign_in(page)
    page.goto(furnished["conversation"])
    page.locator("chat-answer").first.get_by_role("button", name="Copy", exact=True).click()
    said = page.locator("#toasts .toast").first.inner_text()
    page.reload()
    menu = page.locator(".side-me > summary")
    menu.click()
    page.get_by_role("button", name="What was said here").click()
    expect(page.locator("#said li").first).to_contain_text(said)
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_be_hidden()
    expect(menu).to_be_focused()
