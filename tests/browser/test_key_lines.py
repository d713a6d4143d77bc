"""A key is made, and a line with it is copied."""

from __future__ import annotations

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.acting import NARROW, WIDE, save, sign_in
from tests.browser.conftest import OpenPage


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_line_is_copied_whole(open_page: OpenPage, viewport: ViewportSize) -> None:
    page = open_page("/", viewport=viewport)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page)
    page.goto("/me/keys/")
    page.get_by_label("Name", exact=True).fill("robot")
    page.locator("main").get_by_label("Workspace").select_option("team")
    page.get_by_role("button", name="Make a key").click()
    key = page.locator("#new-key").input_value()
    line = page.get_by_label("List the files", exact=True)
    expect(line).to_have_value(f'curl -H "Authorization: Bearer {key}" "{page.url.replace("/me/keys/", "")}/api/workspaces/team/documents"')
    page.get_by_role("button", name="Copy: List the files").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == line.input_value()
    save(page, f"key-lines-{viewport['width']}")


def test_the_key_is_gone_with_the_next_load(open_page: OpenPage) -> None:
    page = open_page("/")
    sign_in(page)
    page.goto("/me/keys/")
    page.get_by_label("Name", exact=True).fill("robot")
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator("#new-key")).to_be_visible()
    page.reload()
    assert "$GEMMAWEB_KEY" in page.get_by_label("List the files", exact=True).input_value()
