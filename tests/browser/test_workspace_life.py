"""The later life of a workspace in a browser: archived and put back, deleted and brought back, left."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.acting import ADA, NARROW, WIDE, ask, ended, save, sign_in
from tests.browser.barriers import barriers
from tests.browser.conftest import OpenPage
from tests.conftest import PASSWORD
from tests.product import Product

SIZES = pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide", "narrow"])
NUMBERS = itertools.count(1)
SPILLS = "document.scrollingElement.scrollWidth > innerWidth"


@pytest.fixture
def slug(product: Product) -> str:
    """A workspace of Ada's for this test alone."""
    name = f"quay-{next(NUMBERS)}"
    product.manage("createworkspace", name, "--owner", ADA)
    return name


@pytest.fixture
def ada(open_page: OpenPage, slug: str, size: ViewportSize, dark: bool) -> Page:
    """Ada's browser, on the settings of that workspace."""
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto(f"/w/{slug}/settings/")
    return page


def looks_right(page: Page, name: str) -> None:
    """Nothing stands in anybody's way, nothing spills, and there is a picture of it."""
    save(page, f"life/{name}-{page.viewport_size['width'] if page.viewport_size else ''}")
    assert barriers(page) == []
    assert not page.evaluate(SPILLS)


def dialog(page: Page, button: str) -> Locator:
    """The dialog that the button opens."""
    page.get_by_role("button", name=button, exact=True).click()
    opened = page.get_by_role("dialog")
    expect(opened).to_be_visible()
    return opened


def switch(page: Page, size: ViewportSize) -> Locator:
    """The open menu of workspaces."""
    if size == NARROW:
        page.get_by_role("button", name="Menu", exact=True).click()
    page.locator(".side-workspace").click()
    return page.locator(".menu[open] .menu-items")


@SIZES
def test_archived_it_is_read_and_not_changed(ada: Page, slug: str, size: ViewportSize, dark: bool) -> None:
    looks_right(ada, "settings")
    opened = dialog(ada, "Archive the workspace")
    looks_right(ada, "archive")
    ada.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    expect(ada.get_by_role("button", name="Archive the workspace")).to_be_focused()
    dialog(ada, "Archive the workspace").get_by_role("button", name="Archive", exact=True).click()
    expect(ada.get_by_text("everything can be read, and nothing changes")).to_be_visible()
    looks_right(ada, "archived-settings")
    ada.goto(f"/w/{slug}/")
    expect(ada.get_by_label("Your question")).to_be_hidden()
    looks_right(ada, "archived-conversation")
    ada.goto(f"/w/{slug}/documents/")
    expect(ada.get_by_role("button", name="Add files")).to_have_count(0)
    menu = switch(ada, size)
    expect(menu.get_by_text("Archived", exact=True)).to_be_visible()
    looks_right(ada, "switch")
    ada.goto(f"/w/{slug}/settings/")
    ada.get_by_role("button", name="Put back into use").click()
    expect(ada.locator("#toasts")).to_contain_text("in use again")
    ada.goto(f"/w/{slug}/")
    ended(ask(ada, "Is anybody there?"))


@SIZES
def test_deleted_it_comes_back_by_a_click(ada: Page, slug: str, size: ViewportSize, dark: bool) -> None:
    opened = dialog(ada, "Delete the workspace")
    opened.get_by_label("Type its name").fill("something else")
    looks_right(ada, "delete")
    opened.get_by_role("button", name="Delete", exact=True).click()
    expect(ada.locator("#toasts")).to_contain_text("That is not the name of this workspace")
    looks_right(ada, "wrong-name")
    name = str(ada.get_by_label("Name", exact=True).input_value())
    opened = dialog(ada, "Delete the workspace")
    opened.get_by_label("Type its name").fill(name)
    ada.keyboard.press("Enter")
    expect(ada.locator("#toasts")).to_contain_text("The workspace is deleted.")
    looks_right(ada, "undo")
    assert ada.request.get(f"/w/{slug}/").status == 404
    ada.locator("#toasts").get_by_role("button", name="Undo").click()
    ada.wait_for_url(f"**/w/{slug}/")
    expect(ada.locator("#toasts")).to_contain_text("The workspace is back.")


@SIZES
def test_deleted_it_waits_on_a_page_of_its_own(ada: Page, slug: str, size: ViewportSize, dark: bool) -> None:
    name = str(ada.get_by_label("Name", exact=True).input_value())
    dialog(ada, "Delete the workspace").get_by_label("Type its name").fill(name)
    ada.keyboard.press("Enter")
    expect(ada.locator("#toasts")).to_contain_text("The workspace is deleted.")
    switch(ada, size).get_by_role("link", name="Deleted workspaces").click()
    expect(ada.locator("main")).to_contain_text("30 more minutes")
    looks_right(ada, "deleted")
    ada.get_by_role("button", name=f"Bring back {name}").click()
    ada.wait_for_url(f"**/w/{slug}/")
    ada.goto("/workspaces/deleted/")
    expect(ada.get_by_role("heading", name="There is nothing to bring back")).to_be_visible()
    looks_right(ada, "nothing-deleted")


@SIZES
def test_who_leaves_comes_to_another_one(product: Product, open_page: OpenPage, slug: str, size: ViewportSize, dark: bool) -> None:
    person = f"bob{size['width']}@example.org"
    product.manage("createuser", "--email", person, "--password-stdin", "--workspace", slug, "--role", "viewer", given=PASSWORD)
    bob = open_page(viewport=size, dark=dark)
    sign_in(bob, person)
    bob.goto(f"/w/{slug}/settings/")
    expect(bob.get_by_role("button", name="Delete the workspace")).to_have_count(0)
    opened = dialog(bob, "Leave the workspace")
    looks_right(bob, "leave")
    opened.get_by_role("button", name="Leave", exact=True).click()
    expect(bob.locator("#toasts")).to_contain_text("You left the workspace.")
    assert bob.request.get(f"/w/{slug}/").status == 404


@SIZES
def test_an_open_page_is_told(product: Product, ada: Page, open_page: OpenPage, slug: str, size: ViewportSize, dark: bool) -> None:
    """Bob reads a conversation of his while Ada deletes the workspace: it goes from before his eyes."""
    person = f"ben{size['width']}@example.org"
    product.manage("createuser", "--email", person, "--password-stdin", "--workspace", slug, "--role", "member", given=PASSWORD)
    ben = open_page(viewport=size, dark=dark)
    sign_in(ben, person)
    ben.goto(f"/w/{slug}/")
    ended(ask(ben, "Is anybody there?"))
    name = str(ada.get_by_label("Name", exact=True).input_value())
    dialog(ada, "Delete the workspace").get_by_label("Type its name").fill(name)
    ada.keyboard.press("Enter")
    expect(ben.get_by_role("heading", name="This is not here")).to_be_visible()
    looks_right(ben, "gone")
    ada.locator("#toasts").get_by_role("button", name="Undo").click()
    ada.wait_for_url(f"**/w/{slug}/")
