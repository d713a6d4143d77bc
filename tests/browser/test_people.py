"""Running the site in a browser: somebody new comes by a link, chooses a password, gets a new one, and is disabled while they look on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, begun, save, sign_in
from tests.browser.acting import ask as ask_here
from tests.browser.barriers import barriers
from tests.browser.conftest import OpenPage
from tests.conftest import PASSWORD
from tests.product import Product

NEW = "staple battery horse"
AT_ONCE_MS = 5_000
SPILLS = "document.scrollingElement.scrollWidth > innerWidth"
SIZES = pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide", "narrow"])


@pytest.fixture
def root(open_page: OpenPage, size: ViewportSize, dark: bool) -> Page:
    """The administrator's browser, on the list of people."""
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto("/admin/people/")
    return page


def add(root: Page, name: str) -> str:
    """Make somebody new; the link by which they choose a password."""
    root.get_by_role("link", name="Add a person").click()
    form = root.locator("form", has=root.get_by_role("button", name="Add them and make a link"))
    form.get_by_label("Name").fill(name)
    form.get_by_label("E-mail").fill(f"{name.lower()}@example.org")
    form.get_by_label("Workspace").select_option(label="Team")
    form.get_by_label("Role").select_option(label="Viewer")
    form.get_by_role("button", name="Add them").click()
    return shown_link(root)


def shown_link(page: Page) -> str:
    """The address in the notice, without the name of the host."""
    link = page.get_by_role("textbox", name=re.compile("It is shown only now")).input_value()
    return link[link.index("/reset/") :]


def choose(page: Page, password: str) -> None:
    """Choose a password on the page that a link opened."""
    page.get_by_label("New password").fill(password)
    page.get_by_role("button", name="Save and sign in").click()


def menu_of(root: Page, name: str) -> Locator:
    """The open menu of a person's row."""
    row = root.get_by_role("row", name=re.compile(name))
    row.locator("summary").click()
    return row.locator(".menu-items")


def looks_right(page: Page, name: str) -> None:
    """Nothing stands in anybody's way, nothing spills, and there is a picture of it."""
    save(page, f"people/{name}-{page.viewport_size['width'] if page.viewport_size else ''}")
    assert barriers(page) == []
    assert not page.evaluate(SPILLS)


@SIZES
def test_from_the_link_to_the_last_page(root: Page, open_page: OpenPage, size: ViewportSize, dark: bool) -> None:
    name = f"Dora{size['width']}"
    link = add(root, name)
    looks_right(root, "link")
    theirs = open_page(link, viewport=size, dark=dark)
    expect(theirs.get_by_label("E-mail")).to_have_value(f"{name.lower()}@example.org")
    looks_right(theirs, "choose")
    choose(theirs, "short")
    expect(theirs.get_by_role("alert")).to_contain_text("at least 10 characters")
    choose(theirs, PASSWORD)
    theirs.wait_for_url("**/w/team/")

    root.goto("/admin/people/")
    menu_of(root, name).get_by_role("button", name="Make a reset link").click()
    reset = shown_link(root)
    again = open_page(reset, viewport=size)
    choose(again, NEW)
    again.wait_for_url("**/w/team/")
    theirs.reload()
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()  # the new password ended the session of the old one
    assert again.goto(reset).status == 404  # type: ignore[union-attr]
    expect(again.get_by_role("heading", name="This link is no longer open")).to_be_visible()
    sign_in(theirs, f"{name.lower()}@example.org", NEW)

    theirs.goto("/w/team/")
    expect(theirs.get_by_label("Your question")).to_be_visible()
    root.goto(f"/admin/people/?q={name}")
    menu_of(root, name).get_by_role("button", name="Disable…").click()
    dialog = root.get_by_role("dialog", name=f"Disable {name}?")
    expect(dialog).to_be_visible()
    looks_right(root, "disable")
    dialog.get_by_role("button", name="Disable", exact=True).click()
    expect(theirs.get_by_role("heading", name="This account is disabled")).to_be_visible(timeout=AT_ONCE_MS)
    looks_right(theirs, "disabled")
    expect(root.get_by_text("One person was disabled.")).to_be_visible()
    sign_in_refused(theirs, f"{name.lower()}@example.org", NEW)
    menu_of(root, name).get_by_role("button", name="Enable").click()
    expect(root.get_by_text("One person can sign in again.")).to_be_visible()
    sign_in(theirs, f"{name.lower()}@example.org", NEW)


def sign_in_refused(page: Page, email: str, password: str) -> None:
    """Sign in with the right password of a disabled account."""
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="This account is disabled")).to_be_visible()


@SIZES
def test_the_lists_of_people_and_workspaces(root: Page, product: Product, size: ViewportSize, dark: bool) -> None:
    for name in ("milou", "noortje", "a-name-that-is-much-too-long-for-any-column-of-any-table-that-anybody-would-make"):
        make(product, f"{name}@example.org")
    root.get_by_role("searchbox").fill("milou")
    expect(root.get_by_role("row", name=re.compile("noortje"))).to_be_hidden()
    expect(root).to_have_url(re.compile("q=milou"))
    root.get_by_role("searchbox").fill("")
    expect(root.get_by_role("row", name=re.compile("noortje"))).to_be_visible()
    root.get_by_role("link", name=re.compile("Administrators")).click()
    expect(root.get_by_role("row", name=re.compile("noortje"))).to_be_hidden()
    root.get_by_role("link", name=re.compile("^All")).click()
    for name in ("Milou", "Noortje"):
        root.get_by_role("checkbox", name=re.compile(f"Choose {name}", re.IGNORECASE)).check()
    expect(root.get_by_role("group", name="What to do with the chosen people")).to_be_visible()
    looks_right(root, "list")
    root.get_by_role("group", name="What to do with the chosen people").get_by_role("button", name="Sign out everywhere").click()
    expect(root.get_by_text("2 people were signed out.")).to_be_visible()
    root.get_by_role("link", name=re.compile("milou", re.IGNORECASE)).first.click()
    looks_right(root, "person")
    root.get_by_role("navigation", name="Administration").get_by_role("link", name="Workspaces").click()
    looks_right(root, "workspaces")
    root.get_by_role("row", name=re.compile("Team")).get_by_role("link").first.click()
    looks_right(root, "workspace")


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False)], ids=["wide"])
def test_by_keyboard_and_back_to_where_one_was(root: Page, product: Product) -> None:
    make(product, "kim@example.org")
    root.goto("/admin/people/?q=kim")
    summary = root.get_by_role("row", name=re.compile("kim", re.IGNORECASE)).locator("summary")
    summary.focus()
    root.keyboard.press("Enter")
    disable = root.get_by_role("button", name="Disable…").first
    disable.focus()
    root.keyboard.press("Enter")
    expect(root.get_by_role("dialog")).to_be_visible()
    root.keyboard.press("Escape")
    expect(root.get_by_role("dialog")).to_be_hidden()
    expect(root.get_by_role("row", name=re.compile("kim", re.IGNORECASE)).locator("summary")).to_be_focused()


@SIZES
def test_a_team_s_own_page(root: Page, product: Product, size: ViewportSize, dark: bool) -> None:
    email = f"olaf{size['width']}@example.org"
    make(product, email, "--workspace", "team")
    root.goto("/w/team/people/?q=olaf")
    row = root.get_by_role("row", name=re.compile(email.partition("@")[0], re.IGNORECASE))
    row.get_by_role("combobox").select_option(label="Admin")
    expect(row.get_by_role("combobox")).to_have_value("admin")
    looks_right(root, "team")
    row.get_by_role("button", name=re.compile("Remove")).click()
    dialog = root.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Remove").click()
    expect(row).to_be_hidden()
    root.get_by_role("button", name="Invite").click()
    root.get_by_label("For whom").fill("Olaf again")
    looks_right(root, "invite")
    root.get_by_role("button", name="Make an invitation link").click()
    expect(root.get_by_role("textbox", name="Send this invitation. It is shown only now.")).to_have_value(re.compile("/invitations/"))
    expect(root.get_by_text("Olaf again").first).to_be_visible()


def make(product: Product, email: str, *more: str) -> None:
    """Somebody more, made once however often it is asked."""
    listed = product.manage("shell", "-c", f"from apps.accounts.models import User; print(User.objects.filter(email={email!r}).exists())")
    if "True" not in listed:
        product.manage("createuser", "--email", email, "--password-stdin", *more, given=PASSWORD)


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("size", "dark"), [(WIDE, False)], ids=["wide"])
def test_whoever_is_disabled_in_mid_answer_sees_no_more_of_it(root: Page, product: Product, open_page: OpenPage) -> None:
    make(product, "pia@example.org", "--workspace", "team")
    theirs = open_page()
    sign_in(theirs, "pia@example.org")
    theirs.goto("/w/team/")
    begun(ask_here(theirs, "Tell me everything."))
    product.manage("disableuser", "pia@example.org")
    expect(theirs.get_by_role("heading", name="This account is disabled")).to_be_visible(timeout=AT_ONCE_MS)
    assert "chat-answer" not in theirs.content()
    product.manage("enableuser", "pia@example.org")
