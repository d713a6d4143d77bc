"""Office files, dropped, asked about and opened: the answer cites them, and their text has its structure."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, ask, drop, ended, save, sign_in
from tests.browser.conftest import OpenPage
from tests.documents.marina import FILES, QUESTIONS

ASKED = ("Which tug dredges the pelican basin?", "What is the fee of berth Pelican 7?", "What was the name of the captain's parrot?")


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ada's, in the workspace, on whose shelf a file of each kind lies."""
    page = open_page("/accounts/login/", dark=True)
    sign_in(page)
    page.goto("/w/team/")
    drop(page, FILES)
    settled = page.locator('.upload:is([data-status="ready"], [data-status="failed"], [data-status="known"])')
    expect(settled).to_have_count(len(FILES), timeout=60_000)
    return page


def opened(page: Page, name: str, number: int) -> None:
    found = page.request.get("/api/workspaces/team/documents").json()["results"]
    page.goto(f"/d/{next(one['id'] for one in found if one['name'] == name)}/?page={number}")


def test_every_kind_is_read_cited_and_shown_as_what_it_is(page: Page) -> None:
    expect(page.locator('.upload[data-status="failed"]')).to_have_count(0)
    for question in ASKED:
        name, place, words = QUESTIONS[question]
        source = ended(ask(page, question)).locator(".source").filter(has_text=name).first
        expect(source.locator(".source-place")).to_have_text(place)
        expect(source.locator(".source-quote")).to_contain_text(words)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        look_at_each(page, size)


def look_at_each(page: Page, size: ViewportSize) -> None:
    paper = page.locator(".paper").first
    opened(page, "Marina plan.pptx", 2)
    expect(paper.get_by_role("heading", name="Dredging")).to_be_visible()
    expect(paper.get_by_role("columnheader")).to_have_text(["Month", "Depth"])
    save(page, f"office-slide-{size['width']}")
    opened(page, "Marina fees.xlsx", 1)
    expect(paper.get_by_role("columnheader")).to_have_text(["Berth", "Length", "Fee"])
    expect(paper.get_by_role("cell", name="150.50 EUR")).to_be_visible()
    save(page, f"office-sheet-{size['width']}")
    opened(page, "Marina tale.epub", 1)
    expect(paper.get_by_role("heading", name="The parrot")).to_be_visible()
    save(page, f"office-book-{size['width']}")
