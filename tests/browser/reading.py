"""Documents in the browser: put them on the shelf, open them at a place, and see what is marked."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import sign_in
from tests.conftest import PASSWORD
from tests.product import Product, wait_until

READ_S = 60
# What is marked on the pages that are shown: the words, and the box of each mark in points from the upper left corner of its page.
MARKED = """() => [...document.querySelectorAll(".pdf-text mark.quote")].map(mark => {
    const [box, page] = [mark.getBoundingClientRect(), mark.closest(".pdf-page").getBoundingClientRect()];
    const points = Number(mark.closest(".pdf-page").style.getPropertyValue("--wide")) / page.width;
    return {words: mark.textContent, page: Number(mark.closest(".pdf-page").dataset.number),
            left: (box.left - page.left) * points, right: (box.right - page.left) * points,
            top: (box.top - page.top) * points, bottom: (box.bottom - page.top) * points};
})"""


class Reader:
    """Somebody with a workspace of their own and some files on its shelf, signed in on each page that is opened for them."""

    def __init__(self, product: Product, slug: str, files: dict[str, bytes]) -> None:
        self.slug = slug
        self.shelf: dict[str, str] = {}
        self._email = f"reader-of-{slug}@example.org"
        self._files = files
        self._cookies: Any = None
        product.manage("createuser", "--email", self._email, "--password-stdin", given=PASSWORD)
        product.manage("createworkspace", slug, "--owner", self._email)

    def reads(self, page: Page) -> Page:
        """`page`, signed in, the files having been read; `shelf` has their ids by name."""
        if self._cookies is None:
            sign_in(page, self._email)
            self._put(page)
            self._cookies = page.context.cookies()
        page.context.add_cookies(self._cookies)
        return page

    def _put(self, page: Page) -> None:
        headers = {"X-CSRFToken": page.locator("body").get_attribute("data-csrf") or "", "Referer": page.url}
        for name, data in self._files.items():
            part: Any = {"file": {"name": name, "mimeType": "application/octet-stream", "buffer": data}}
            reply = page.request.post(f"/api/workspaces/{self.slug}/documents", multipart=part, headers=headers)
            assert reply.ok, reply.text()
            self.shelf[name] = reply.json()["id"]
        addresses = [f"/api/workspaces/{self.slug}/documents/{pk}" for pk in self.shelf.values()]
        wait_until(
            lambda: all(page.request.get(one).json()["status"] in {"ready", "failed"} for one in addresses), "the files", within_s=READ_S
        )


def open_at(page: Page, pk: str, number: int, quote: str = "") -> None:
    """Open a document's own page at a page of it, with some words to mark, and wait until it stands there."""
    page.goto(f"/d/{pk}/?{urlencode({'page': number, 'quote': quote})}")
    expect(page.locator(".viewer")).to_have_attribute("data-view", re.compile("pages|text"))
    if page.locator(".viewer[data-pdf]").count():
        await_drawn(page, number)


def await_drawn(page: Page, number: int) -> Locator:
    """The page of a PDF, once it is drawn."""
    drawn = page.locator(f".pdf-page[data-number='{number}']")
    expect(drawn.locator("canvas")).to_be_visible()
    return drawn


def marked(page: Page) -> list[dict[str, Any]]:
    """The marks of the quote, in order."""
    marks: list[dict[str, Any]] = page.evaluate(MARKED)
    return marks


def marked_words(page: Page) -> str:
    """What is marked as quoted, on the pages of a PDF, white space at line ends left out."""
    return " ".join("".join(mark["words"] if mark["words"].strip() else " " for mark in marked(page)).split())


def letters(text: str) -> str:
    """The letters and digits of `text`, which no line end, no hyphen and no joined letter changes."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
