"""A conversation is its author's alone: whoever else has its address learns nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.acting import ask, ended, sign_in
from tests.browser.conftest import OpenPage
from tests.conftest import PASSWORD
from tests.product import Product

QUESTION = "May I have the corner office?"


@pytest.fixture(scope="module")
def _others(product: Product) -> None:
    """Bob, who is on Ada's team, and Charlie, who is not."""
    product.manage("createuser", "--email", "bob@example.org", "--password-stdin", "--workspace", "team", given=PASSWORD)
    product.manage("createuser", "--email", "charlie@example.org", "--password-stdin", given=PASSWORD)


@pytest.mark.usefixtures("_others")
def test_bob_and_charlie_do_not_find_it(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page)
    ended(ask(page, QUESTION))
    page.wait_for_url("**/c/**")
    for email in ("bob@example.org", "charlie@example.org"):
        other = open_page()
        sign_in(other, email)
        answered = other.goto(page.url)
        assert answered is not None
        assert answered.status == 404
        expect(other.get_by_role("heading", name="This is not here")).to_be_visible()
        assert QUESTION not in other.content()


@pytest.mark.usefixtures("_others")
def test_charlie_does_not_find_the_workspace(open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, "charlie@example.org")
    for path in ("/w/team/", "/w/team/documents/", "/w/team/people/"):
        answered = page.goto(path)
        assert answered is not None
        assert answered.status == 404


def test_nobody_gets_in_without_signing_in(open_page: OpenPage) -> None:
    page = open_page("/w/team/documents/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
