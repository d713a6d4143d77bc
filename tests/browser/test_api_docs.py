"""The page of the API: every operation is there, and each can be tried, with a key or with the session. Our policy is as strict here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import ADA, NARROW, WIDE, save, sign_in
from tests.browser.conftest import OpenPage
from tests.product import Product


@pytest.fixture(scope="module")
def key(product: Product) -> str:
    """A key of Ada's for the workspace `team`."""
    return product.manage("createkey", "--user", ADA, "--workspace", "team").strip()


def opened(page: Page, operation: str) -> Locator:
    """The operation's block, ready to be tried."""
    block = page.locator(f".opblock[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    expect(block.locator(".btn.execute")).to_be_visible()
    return block


def tried(block: Locator) -> tuple[int, Any]:
    """Status and body of what the server answers."""
    with block.page.expect_response(lambda response: "/api/" in response.url):
        block.locator(".btn.execute").click()
    answer = block.locator(".live-responses-table .response")
    expect(answer).to_be_visible()
    body = answer.locator(".highlight-code pre")
    return int(answer.locator(".response-col_status").inner_text().split()[0]), json.loads(body.inner_text()) if body.count() else None


def authorize(page: Page, key: str) -> None:
    """Give the page the key, as a person does."""
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container", has_text="key (http, Bearer)").get_by_role("textbox").fill(key)
    page.locator(".auth-container", has_text="key (http, Bearer)").get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Close").first.click()


@pytest.mark.parametrize("dark", [False, True])
def test_it_shows_every_operation(open_page: OpenPage, product: Product, dark: bool) -> None:
    page = open_page("/api/docs", dark=dark)
    expect(page.locator(".opblock").first).to_be_visible()
    document = page.request.get("/api/openapi.json").json()
    assert page.locator(".opblock").count() == sum(len(path) for path in document["paths"].values())
    save(page, f"api-docs-{'dark' if dark else 'light'}")


def test_it_fits_a_phone(open_page: OpenPage) -> None:
    page = open_page("/api/docs", viewport=NARROW)
    opened(page, "list_documents")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_key_opens_what_nobody_else_may_see(open_page: OpenPage, key: str) -> None:
    page = open_page("/api/docs")
    block = opened(page, "get_me")
    status, refused = tried(block)
    assert (status, refused["error"]["code"]) == (401, "unauthorized")
    authorize(page, key)
    block.get_by_role("button", name="Clear").click()  # the answer from before is not taken for the next one
    status, me = tried(block)
    assert (status, me["email"], me["key"]["workspace"]) == (200, ADA, "team")


def test_a_key_uploads_searches_and_asks(open_page: OpenPage, key: str) -> None:
    page = open_page("/api/docs")
    authorize(page, key)
    upload = opened(page, "upload_document")
    upload.get_by_placeholder("slug").fill("team")
    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"The crane is closed on Sundays."}
    upload.locator("input[type=file]").set_input_files(notes)  # type: ignore[arg-type]  # it is a FilePayload
    status, taken = tried(upload)
    assert (status, taken["name"]) == (202, "notes.txt")
    begin = opened(page, "create_conversation")
    begin.get_by_placeholder("slug").fill("team")
    assert tried(begin)[0] == 201


def test_a_session_opens_it_too_and_may_change_something(open_page: OpenPage) -> None:
    page = open_page("/")
    sign_in(page)
    page.goto("/api/docs")
    status, me = tried(opened(page, "get_me"))
    assert (status, me["key"]) == (200, None)
    begin = opened(page, "create_conversation")
    begin.get_by_placeholder("slug").fill("team")
    assert tried(begin)[0] == 201


def test_it_can_be_used_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/api/docs", viewport=WIDE)
    summary = page.locator(".opblock[id$='-get_me'] .opblock-summary-control")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".opblock[id$='-get_me'] .btn.execute")).to_be_visible()
