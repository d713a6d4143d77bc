"""The person's own pages and the account menu, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.accounts.pictures import encoded, halves, photo
from tests.browser.acting import NARROW, WIDE, save, sign_in
from tests.browser.conftest import OpenPage
from tests.browser.test_german import SPILLS
from tests.conftest import PASSWORD
from tests.product import Product

MIA = "mia.meyer@example.org"
PAGES = ["/me/", "/me/security/", "/me/keys/"]
NATURAL_WIDTH = "image => image.decode().then(() => image.naturalWidth)"
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


@pytest.fixture(scope="module")
def mia(product: Product) -> str:
    """The e-mail of a member of the team."""
    product.manage("createuser", "--email", MIA, "--password-stdin", "--workspace", "team", "--role", "member", given=PASSWORD)
    return MIA


@pytest.fixture
def at_home(mia: str, open_page: OpenPage) -> Page:
    """Mia's browser, on her own page."""
    page = open_page()
    sign_in(page, mia)
    page.goto("/me/")
    return page


@pytest.fixture
def scriptless(browser: Browser, product: Product, mia: str) -> Iterator[Page]:
    """Mia's browser without scripts."""
    context = browser.new_context(base_url=product.address, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(page, mia)
    yield page
    context.close()


def choose(page: Page, data: bytes, name: str = "me.jpg") -> None:
    """Take a file for a picture."""
    page.get_by_label("New picture").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def menu(page: Page) -> None:
    """Open the account menu, in the drawer where the page is narrow."""
    if page.get_by_role("button", name="Menu").is_visible():
        page.get_by_role("button", name="Menu").click()
    page.locator(".side-me summary").click()


@SIZES
def test_a_picture_is_previewed_shown_and_removed(at_home: Page, size: ViewportSize) -> None:
    at_home.set_viewport_size(size)
    choose(at_home, photo())
    expect(at_home.locator("#picture-preview")).to_be_visible()
    at_home.get_by_role("button", name="Use this picture").click()
    expect(at_home.get_by_text("This is your picture now.")).to_be_visible()
    widths = [image.evaluate(NATURAL_WIDTH) for image in at_home.locator(".avatar img").all()]
    assert sorted(set(widths)) == [64, 256]
    save(at_home, "me" if size == WIDE else "me-narrow")
    remove = at_home.get_by_role("button", name="Remove")
    remove.click()
    expect(at_home.get_by_role("dialog", name="Remove your picture?")).to_be_visible()
    at_home.keyboard.press("Escape")
    expect(at_home.get_by_role("dialog")).to_be_hidden()
    expect(remove).to_be_focused()
    remove.click()
    at_home.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(at_home.get_by_text("Your picture was removed.")).to_be_visible()
    expect(at_home.locator(".avatar img")).to_have_count(0)


def test_a_large_photo_travels_as_a_small_one(at_home: Page) -> None:
    choose(at_home, encoded(halves((3000, 4000)), "PNG"))
    expect(at_home.locator("#picture-preview")).to_be_visible()
    at_home.wait_for_function("document.querySelector('#picture-file').files[0].type === 'image/webp'")
    assert at_home.get_by_label("New picture").evaluate("input => input.files[0].size") < 50_000


def test_what_is_no_picture_is_told_at_once(at_home: Page) -> None:
    choose(at_home, b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "me.svg")
    expect(at_home.get_by_text("This is no picture that the browser can read.")).to_be_visible()
    expect(at_home.locator("#picture-preview")).to_be_hidden()
    assert at_home.get_by_label("New picture").input_value() == ""


def test_colleagues_see_it_and_nobody_who_has_signed_out(at_home: Page, open_page: OpenPage) -> None:
    choose(at_home, photo())
    at_home.get_by_role("button", name="Use this picture").click()
    address = at_home.locator(".side-me .avatar img").get_attribute("src") or ""
    ada = open_page()
    sign_in(ada)
    ada.goto("/w/team/people/")
    assert ada.locator(f".main img[src='{address}']").evaluate(NATURAL_WIDTH) == 64
    ada.goto("/accounts/logout/")
    ada.get_by_role("button", name="Sign out").click()
    ada.goto(address)
    expect(ada).to_have_url(re.compile("/accounts/login/"))


@SIZES
def test_the_theme_changes_at_once_and_stays(at_home: Page, size: ViewportSize) -> None:
    at_home.set_viewport_size(size)
    at_home.evaluate("window.stays = true")
    menu(at_home)
    with at_home.expect_response("**/me/theme/"):
        at_home.locator(".side-me").get_by_role("button", name="Dark").click()
    expect(at_home.locator("html")).to_have_attribute("data-theme", "dark")
    expect(at_home.locator(".side-me").get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert at_home.evaluate("window.stays")
    assert at_home.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    at_home.reload()
    expect(at_home.locator("html")).to_have_attribute("data-theme", "dark")
    with at_home.expect_response("**/me/theme/"):
        at_home.locator(".main").get_by_role("button", name="Device").click()
    expect(at_home.locator("html")).to_have_attribute("data-theme", "system")


def test_a_theme_that_was_not_taken_is_taken_off_again(at_home: Page) -> None:
    at_home.route("**/me/theme/", lambda route: route.abort())
    at_home.locator(".main").get_by_role("button", name="Dark").click()
    expect(at_home.get_by_text("The server cannot be reached.")).to_be_visible()
    expect(at_home.locator("html")).to_have_attribute("data-theme", "system")


@SIZES
def test_the_account_menu_works_by_keyboard(at_home: Page, size: ViewportSize) -> None:
    at_home.set_viewport_size(size)
    if size == NARROW:
        at_home.get_by_role("button", name="Menu").press("Enter")
    opener = at_home.locator(".side-me summary")
    opener.press("Enter")
    expect(at_home.locator(".side-me").get_by_role("link", name="Settings")).to_be_visible()
    for name in ("Device", "Light", "Dark", "Settings", "Keys for programs", "What was said here", "Sign out"):
        at_home.keyboard.press("Tab")
        assert name in (at_home.evaluate("document.activeElement.textContent") or "")
    at_home.keyboard.press("Escape")
    expect(at_home.locator(".side-me").get_by_role("link", name="Settings")).to_be_hidden()
    expect(opener).to_be_focused()
    if size == NARROW:
        expect(at_home.locator("#side")).to_have_class(re.compile("open"))
        at_home.keyboard.press("Escape")
        expect(at_home.get_by_role("button", name="Menu")).to_be_focused()


def test_the_browsers_time_zone_is_offered(at_home: Page) -> None:
    expect(at_home.locator("#time-zone-hint")).to_be_hidden()
    at_home.context.new_cdp_session(at_home).send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    at_home.reload()
    at_home.get_by_role("button", name="Use Asia/Tokyo").click()
    expect(at_home.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    at_home.get_by_label("Time zone").fill("new york")
    at_home.get_by_role("button", name="Save").click()
    expect(at_home.get_by_label("Time zone")).to_have_value("America/New_York")


def test_an_ended_session_loses_its_socket_at_once(at_home: Page, open_page: OpenPage, mia: str) -> None:
    other = open_page()
    sign_in(other, mia)
    with other.expect_websocket():
        other.goto("/w/team/")
    at_home.goto("/me/security/")
    at_home.get_by_role("button", name="Sign out everywhere else").click()
    dialog = at_home.get_by_role("dialog", name="Sign out everywhere else?")
    dialog.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("/accounts/login/"))  # by itself: its socket was closed
    expect(at_home.get_by_text("You were signed out of")).to_be_visible()
    expect(at_home.get_by_text("This one")).to_have_count(1)
    expect(at_home.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)


def test_one_session_is_ended_from_the_list(at_home: Page, open_page: OpenPage, mia: str) -> None:
    other = open_page()
    sign_in(other, mia)
    at_home.goto("/me/security/")
    at_home.locator(".main").get_by_role("button", name="Sign out Chrome on Linux").first.click()
    expect(at_home.get_by_text("That browser was signed out.")).to_be_visible()


def test_a_key_is_revoked_after_a_question(at_home: Page) -> None:
    at_home.goto("/me/keys/")
    at_home.get_by_label("Name", exact=True).fill("Nightly export")
    at_home.get_by_role("button", name="Make a key").click()
    expect(at_home.get_by_text("It is not shown again.")).to_be_visible()
    save(at_home, "keys")
    at_home.get_by_role("button", name="Revoke Nightly export").click()
    at_home.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(at_home.get_by_role("button", name="Revoke Nightly export")).to_be_focused()
    at_home.get_by_role("button", name="Revoke Nightly export").click()
    at_home.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(at_home.get_by_text("You have no key.")).to_be_visible()


@SIZES
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_leaves_its_box(mia: str, open_page: OpenPage, size: ViewportSize, dark: bool) -> None:
    page = open_page(viewport=size, dark=dark)
    sign_in(page, mia)
    for path in PAGES:
        page.goto(path)
        assert page.evaluate(SPILLS) == [], path
        name = path.strip("/").replace("/", "-")
        save(page, name + ("-dark" if dark else "") + ("-narrow" if size == NARROW else ""))


def test_everything_works_without_scripts(scriptless: Page, tmp_path: Path) -> None:
    scriptless.goto("/me/")
    scriptless.locator(".main").get_by_role("button", name="Dark").click()
    expect(scriptless.locator("html")).to_have_attribute("data-theme", "dark")
    (tmp_path / "me.png").write_bytes(encoded(halves()))
    scriptless.get_by_label("New picture").set_input_files(tmp_path / "me.png")
    scriptless.get_by_role("button", name="Use this picture").click()
    expect(scriptless.get_by_text("This is your picture now.")).to_be_visible()
    (tmp_path / "me.gif").write_bytes(encoded(halves(), "GIF"))
    scriptless.get_by_label("New picture").set_input_files(tmp_path / "me.gif")
    scriptless.get_by_role("button", name="Use this picture").click()
    expect(scriptless.get_by_text("This is no PNG, JPEG or WebP picture.")).to_be_visible()
    scriptless.locator(".main").get_by_role("button", name="Device").click()
    scriptless.get_by_role("link", name="Password and sessions").click()
    expect(scriptless.get_by_text("This one")).to_be_visible()
