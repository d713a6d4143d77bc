"""A handful of good and bad files at once: each line says how it ended, and mails, archives and scans are found by what they hold."""

from __future__ import annotations

import shutil
from email.message import EmailMessage
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acting import NARROW, WIDE, ask, drop, ended, save, sign_in
from tests.browser.conftest import OpenPage
from tests.documents.files import encrypted_pdf, pdf, zipped
from tests.documents.pictures import scan

RAR = b"Rar!\x1a\7\0"


def letter(mark: str) -> bytes:
    """A mail with a PDF that is read, and one that is not."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@example.org>", "bob@example.org", "Lighthouse papers"
    message.set_content(f"Dear Bob, the papers of the lighthouse are attached. {mark}")
    for name, data in (("lamp.pdf", pdf("The lamp of the lighthouse is trimmed by Osgood.", "")), ("offer.pdf", encrypted_pdf("x"))):
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


def files() -> dict[str, bytes]:
    """Bad ones and good ones; no two calls give the same bytes, as these would be told to be there already."""
    mark = uuid4().hex
    return {
        "secret.pdf": encrypted_pdf(mark),
        "cut.pdf": f"%PDF-1.7 broken {mark}".encode(),
        "tools.zip": zipped({"a.rar": RAR + mark.encode()}),
        "blank.txt": b" \n" * (2 + uuid4().int % 10**5),
        "papers.eml": letter(mark),
        "papers.zip": zipped({"letters/fog.txt": "The foghorn was silent on Tuesday.", "tool.rar": RAR + mark.encode()}),
    }


SENTENCES = {
    "secret.pdf": "This file is protected by a password.",
    "cut.pdf": "This file is damaged or incomplete.",
    "tools.zip": "None of the files inside this one could be read. Of a kind that is not read: “a.rar”.",
    "blank.txt": "No text was found in this file.",
    "papers.eml": "attachment lamp.pdf: Page 2 had no text. Protected by a password and left out: “attachment offer.pdf”.",
    "papers.zip": "Of a kind that is not read: “tool.rar”.",
}


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def page(open_page: OpenPage, request: pytest.FixtureRequest) -> Page:
    """Ada's documents page."""
    opened = open_page("/accounts/login/", dark=request.param)
    sign_in(opened)
    opened.goto("/w/team/documents/")
    return opened


def test_each_file_says_how_it_ended(page: Page) -> None:
    drop(page, files())
    lines = page.get_by_label("Files being added").get_by_role("listitem")
    settled = page.locator('.upload:is([data-status="ready"], [data-status="failed"])')
    expect(settled).to_have_count(len(SENTENCES), timeout=60_000)
    for name, sentence in SENTENCES.items():
        expect(lines.filter(has_text=name)).to_contain_text(sentence)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        page.reload()
        for name, sentence in SENTENCES.items():
            expect(page.get_by_role("row").filter(has_text=name).first).to_contain_text(sentence)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        save(page, f"bad-files-{size['width']}")


def test_what_is_inside_is_found_and_cited(page: Page) -> None:
    good = {name: data for name, data in files().items() if name.startswith("papers")}
    drop(page, good)
    expect(page.locator('.upload[data-status="ready"]')).to_have_count(len(good), timeout=60_000)
    page.goto("/w/team/")
    for question, place in (
        ("Who trims the lamp of the lighthouse?", "attachment lamp.pdf, page 1"),
        ("When was the foghorn silent?", "letters/fog.txt"),
    ):
        source = ended(ask(page, question)).locator(".source").first
        expect(source.locator(".source-place")).to_have_text(place)
    save(page, "inside")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_scan_is_read_and_says_so(page: Page) -> None:
    drop(page, {"scan.pdf": scan(f"The bell of the chapel weighs two tons.\nIt was cast in {uuid4().hex}.")})
    line = page.get_by_label("Files being added").get_by_role("listitem")
    expect(line).to_contain_text("Page 1 was read from a picture; check its figures.", timeout=60_000)
    page.goto("/w/team/")
    expect(ended(ask(page, "What does the bell of the chapel weigh?")).locator(".source-quote").first).to_contain_text("two tons")
