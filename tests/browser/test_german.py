"""A German person's pages and first answer, and another try for a file that did not get through."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, drop, ended, sign_in
from tests.browser.conftest import OpenPage
from tests.conftest import PASSWORD
from tests.product import Product

GRETA = "greta@example.org"
PAGES = ["/w/team/", "/w/team/documents/", "/w/team/people/", "/w/team/settings/", "/me/", "/me/security/", "/me/keys/"]
SPILLS = """() => [...document.querySelectorAll("body *")].filter(part => {
    const {display, textOverflow, overflowX} = getComputedStyle(part);
    const cuts = textOverflow === "ellipsis" || ["auto", "scroll"].includes(overflowX) || part.closest("svg, .visually-hidden");
    return part.clientWidth > 4 && display !== "inline" && !cuts && part.scrollWidth > part.clientWidth + 1;
}).map(part => part.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def greta(product: Product) -> str:
    """The e-mail of a member of the team, who will choose German."""
    product.manage("createuser", "--email", GRETA, "--password-stdin", "--workspace", "team", "--role", "member", given=PASSWORD)
    return GRETA


@pytest.fixture
def german(greta: str, open_page: OpenPage) -> Page:
    """Greta's browser, on the first page of the team's workspace."""
    page = open_page()
    sign_in(page, greta)
    page.goto("/me/")
    page.locator("select[name=language]").select_option("de")
    page.locator("form:has([name=language]) button[type=submit]").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.goto("/w/team/")
    return page


def test_an_answer_and_its_marker_are_named_in_german(german: Page) -> None:
    drop(german, {"Hafenordnung.txt": "Gastboote dürfen drei Nächte am Gaststeg liegen.".encode()})
    expect(german.get_by_label("Dateien, die dazukommen").get_by_text("Bereit")).to_be_visible()
    german.get_by_label("Ihre Frage").fill("Wie viele Nächte dürfen Gastboote am Gaststeg liegen?")
    german.get_by_label("Ihre Frage").press("Enter")
    answer = ended(german.locator("chat-answer"))
    expect(answer.get_by_role("heading", name="Aus Ihren Dokumenten zitiert")).to_be_visible()
    answer.get_by_role("button", name="Quelle 1").click()
    expect(german.locator("mark")).to_have_text("Gastboote dürfen drei Nächte am Gaststeg liegen.")


def test_a_file_that_cannot_be_read_has_no_page_to_open(german: Page) -> None:
    drop(german, {"kran.pdf": b"%PDF-1.7 broken crane"})
    line = german.get_by_label("Dateien, die dazukommen").get_by_role("listitem")
    expect(line.get_by_text("beschädigt oder unvollständig")).to_be_visible()
    expect(line.get_by_role("link", name="Öffnen")).to_be_hidden()
    expect(line.get_by_role("button", name="Noch einmal")).to_be_hidden()


def test_a_file_that_did_not_get_through_is_sent_again(german: Page) -> None:
    german.route("**/api/workspaces/team/documents", lambda route: route.fulfill(status=503, body="away"))
    drop(german, {"Kran.txt": b"Der Kran ist sonntags geschlossen."})
    line = german.get_by_label("Dateien, die dazukommen").get_by_role("listitem")
    expect(line.get_by_role("link", name="Öffnen")).to_be_hidden()
    german.unroute("**/api/workspaces/team/documents")
    expect(line.get_by_text("Bereit")).to_be_visible()
    expect(line.get_by_role("link", name="Öffnen")).to_be_visible()


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_german_word_leaves_its_box(german: Page, width: ViewportSize) -> None:
    german.set_viewport_size(width)
    for path in PAGES:
        german.goto(path)
        assert german.evaluate(SPILLS) == [], path
