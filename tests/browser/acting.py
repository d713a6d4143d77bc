"""What a person does on the pages, and what they see there."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.conftest import PASSWORD

WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
ADA = "ada@example.org"
DROP_FILES = """files => {
    const carried = new DataTransfer();
    for (const [name, base64] of files) carried.items.add(new File([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], name));
    for (const type of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(type, {dataTransfer: carried, bubbles: true, cancelable: true}));
}"""


def sign_in(page: Page, email: str = ADA, password: str = PASSWORD) -> None:
    """Fill in the sign-in page, wherever the page is now."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def drop(page: Page, **files: bytes) -> None:
    """Drop files on the page; a name's last `_` stands for the dot."""
    given = [(".".join(name.rsplit("_", 1)), base64.b64encode(data).decode()) for name, data in files.items()]
    page.evaluate(DROP_FILES, given)


def ask(page: Page, question: str) -> Locator:
    """Send a question by the Enter key; returns its answer, still being written."""
    before = page.locator("chat-answer").count()
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    answer = page.locator("chat-answer").nth(before)
    expect(answer).to_be_visible()
    return answer


def ended(answer: Locator, status: str = "done") -> Locator:
    """The answer, once it has ended so."""
    expect(answer).to_have_attribute("data-status", status, timeout=60_000)
    return answer


def text_of(answer: Locator) -> str:
    """The text that the page holds for the answer, as copying gives it."""
    text: str = answer.evaluate("answer => answer.text")
    return text


def save(page: Page, name: str) -> None:
    """A picture of the page, for the README and for whoever looks; only where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")
