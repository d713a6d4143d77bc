"""What a person does on the pages, and what they see there."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.conftest import PASSWORD

WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
Frame = dict[str, Any]
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
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def drop(page: Page, files: dict[str, bytes]) -> None:
    """Drop files, given by their names, on the page."""
    page.wait_for_load_state()
    page.evaluate(DROP_FILES, [(name, base64.b64encode(data).decode()) for name, data in files.items()])


def ask(page: Page, question: str) -> Locator:
    """Send a question by the Enter key; returns its answer, still being written."""
    page.wait_for_load_state()
    before = page.locator("chat-answer").count()
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    answer = page.locator("chat-answer").nth(before)
    expect(answer).to_be_visible()
    return answer


def ended(answer: Locator, status: str = "done") -> Locator:
    """The answer, once it has ended so."""
    expect(answer).to_have_attribute("data-status", status, timeout=400_000)
    return answer


def begun(answer: Locator) -> str:
    """The text of the answer so far, once there is some and while it is being written."""
    expect(answer.locator(".prose")).not_to_be_empty()
    expect(answer).to_have_attribute("data-status", "running")
    return text_of(answer)


def text_of(answer: Locator) -> str:
    """The text that the page holds for the answer, as copying gives it."""
    text: str = answer.evaluate("answer => answer.text")
    return text


def row_of(page: Page) -> str:
    """The text of the newest answer of the page's conversation, as the database has it."""
    conversation = page.url.rstrip("/").rpartition("/")[2]
    reply = page.request.get(f"/api/conversations/{conversation}/messages")
    assert reply.ok, reply.text()
    text: str = reply.json()["messages"][-1]["text"]
    return text


def heard(page: Page) -> list[Frame]:
    """All frames that come to the page's sockets from now on."""
    frames: list[Frame] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda raw: frames.append(json.loads(raw))))
    page.reload()
    return frames


def written(frames: list[Frame]) -> str:
    """What the pieces of answers among `frames` come to, one after the other."""
    return "".join(frame.get("text", "") for frame in frames if frame["type"] == "delta")


def save(page: Page, name: str) -> None:
    """A picture of the page, for the README and for whoever looks; only where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")
