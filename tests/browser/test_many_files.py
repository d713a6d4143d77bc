"""Many files at once: a folder dropped, the page left and found again, stopped, cut off and tried again; and many rows of the shelf."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests.browser.acting import ADA, NARROW, drop, save, sign_in
from tests.browser.conftest import OpenPage
from tests.conftest import PASSWORD
from tests.product import Product

SHELF = "/w/team/documents/"
SENDING = "**/api/workspaces/team/documents"
IN_ONE_FOLDER = 110  # a browser lists a folder by the hundred
IN_ANOTHER = 20


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An installation with an empty shelf; the tests here follow each other on it."""
    running = Product(tmp_path_factory.mktemp("many") / "home")
    running.start()
    running.manage("createadmin", "--email", ADA, "--password-stdin", given=PASSWORD)
    yield running
    running.stop()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ada's shelf."""
    opened = open_page()
    sign_in(opened)
    opened.goto(SHELF)
    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as people have them: files in folders, a broken one, and what systems leave there."""
    top = tmp_path / "Harbour"
    for name, count in (("rules", IN_ONE_FOLDER), ("minutes/2021", IN_ANOTHER)):
        (top / name).mkdir(parents=True)
        for number in range(count):
            (top / name / f"{name[:4]} {number}.txt").write_text(f"{name} number {number}: the pier is closed on day {number}.")
    (top / "rules" / "torn.pdf").write_bytes(b"%PDF-1.7 torn")
    for hidden in (".DS_Store", "rules/Thumbs.db", "minutes/.git/config"):
        (top / hidden).parent.mkdir(exist_ok=True)
        (top / hidden).write_bytes(b"hidden")
    return top


def drop_from_disk(page: Page, path: Path) -> None:
    """Drop a file or a folder on the page as a file manager does."""
    page.wait_for_load_state("networkidle")
    browser = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 300, "data": data})


def notes(name: str, count: int) -> dict[str, bytes]:
    """Small files, each with words of its own."""
    return {f"{name} {number}.txt": f"{name} {number} says that the tide is {number} high.".encode() for number in range(count)}


def line(page: Page) -> Locator:
    """The one line for all files."""
    return page.locator("#line-words")


def held(page: Page) -> list[Route]:
    """Uploads that have begun and do not end: they are held up on their way, until `page.unroute(SENDING)` lets them through."""
    routes: list[Route] = []
    page.route(SENDING, lambda route: routes.append(route) if route.request.method == "POST" else route.continue_())
    return routes


def test_limits_stand_there_before_anything_is_sent(page: Page) -> None:
    expect(page.get_by_text("up to 100 MB each").first).to_be_visible()
    expect(page.get_by_text("Drop files or a whole folder")).to_be_visible()
    expect(page.get_by_text("PDF, Word, PowerPoint").first).to_be_visible()
    save(page, "documents-empty")


def test_a_folder_goes_on_while_nobody_looks(page: Page, folder: Path) -> None:
    drop_from_disk(page, folder)
    expect(page.get_by_text("3 hidden files were left out.")).to_be_visible()
    expect(line(page)).to_contain_text(f"of {IN_ONE_FOLDER + IN_ANOTHER + 1} read")
    save(page, "documents-sending")
    expect(page.get_by_role("button", name="Stop sending")).to_be_hidden(timeout=90_000)
    page.get_by_role("link", name="New conversation").click()
    page.get_by_label("Your question").fill("Meanwhile")
    page.goto(SHELF)
    expect(line(page)).to_contain_text(re.compile(r"130 of 131 read, 1 failed"), timeout=120_000)
    expect(page.get_by_role("link", name="Not read 1")).to_be_visible()
    expect(page.get_by_role("link", name="All 131")).to_be_visible()
    expect(page.locator("#line-said")).to_have_text("130 of 131 read, 1 failed")


def test_the_failed_are_found_and_tried_again(page: Page) -> None:
    page.get_by_role("link", name="Not read 1").click()
    torn = page.get_by_role("row", name="torn.pdf")
    expect(page.locator(".document")).to_have_count(1)
    expect(torn).to_contain_text("damaged")
    with page.expect_response("**/documents/selected/") as tried:
        page.get_by_role("button", name="Try again").click()
    assert tried.value.ok
    expect(line(page)).to_have_text("130 of 131 read, 1 failed")
    expect(torn).to_have_attribute("data-status", "failed")


def test_rows_come_as_one_scrolls(page: Page) -> None:
    expect(page.locator(".document")).to_have_count(50)
    page.locator(".document").last.scroll_into_view_if_needed()
    expect(page.locator(".document")).to_have_count(100)
    page.locator(".document").last.scroll_into_view_if_needed()
    expect(page.locator(".document")).to_have_count(131)
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)


def test_the_list_follows_what_one_types_and_sorts(page: Page) -> None:
    page.get_by_label("Filter by name").fill("minu 1")
    expect(page.locator(".document")).to_have_count(11)
    expect(page.locator("#shelf-said")).to_have_text("11 documents")
    page.get_by_role("link", name="Name", exact=True).click()
    expect(page.locator(".document-name").first).to_have_text("minu 1.txt")
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    page.reload()
    expect(page.locator(".document")).to_have_count(11)
    page.get_by_label("Filter by name").fill("whales")
    expect(page.get_by_text("No document fits")).to_be_visible()
    page.get_by_role("link", name="Show all documents").click()
    expect(page.locator(".document")).to_have_count(50)


def test_several_are_deleted_and_all_of_them_come_back(page: Page) -> None:
    page.get_by_label("Filter by name").fill("rule 10")
    rows = page.locator(".document")
    expect(rows).to_have_count(11)
    boxes = rows.get_by_role("checkbox")
    boxes.nth(1).check()
    boxes.nth(4).click(modifiers=["Shift"])
    bar = page.get_by_role("group", name="What to do with the chosen documents")
    expect(page.locator(".pick :checked")).to_have_count(4)
    save(page, "documents-chosen")
    bar.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(7)
    expect(bar).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(11)
    expect(page.locator(".document[data-status=ready]")).to_have_count(11)


def test_all_by_keyboard(page: Page) -> None:
    page.get_by_label("Filter by name").fill("minu 1")
    rows = page.locator(".document")
    expect(rows).to_have_count(11)
    rows.first.get_by_role("checkbox").focus()
    for keys in ("Space", "Shift+ArrowDown", "Shift+ArrowDown", "Escape"):
        page.keyboard.press(keys)
    expect(page.locator(".pick :checked")).to_have_count(0)
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator(".document .pick :checked")).to_have_count(2)
    page.keyboard.press("Delete")
    expect(rows).to_have_count(9)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(rows).to_have_count(11)
    menu = rows.first.locator("summary")
    menu.press("Enter")
    expect(rows.first.get_by_role("link", name="Download")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()


def test_all_that_fit_can_be_chosen_and_are_asked_about(page: Page) -> None:
    page.get_by_label("Choose all that are shown").check()
    page.get_by_role("button", name="Choose all 131").click()
    bar = page.get_by_role("group", name="What to do with the chosen documents")
    bar.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 131 documents?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Choose none").click()
    expect(page.locator(".pick :checked")).to_have_count(0)


def test_what_was_not_sent_can_be_stopped_and_sent_after_all(page: Page) -> None:
    uploads = held(page)
    drop(page, notes("stopped", 9))
    expect(page.locator(".upload[data-status=sending]")).to_have_count(3)
    page.get_by_role("button", name="Stop sending").click()
    expect(page.get_by_text("Stopped: it was not sent.")).to_have_count(9)
    expect(line(page)).to_contain_text("9 stopped")
    page.unroute(SENDING)
    assert len(uploads) == 3
    page.locator("#line").get_by_role("button", name="Try again").click()
    expect(page.locator(".upload[data-status=ready]")).to_have_count(9)
    page.get_by_role("button", name="Remove what is done from this list").click()
    expect(page.get_by_label("Files being added")).to_be_hidden()


def test_what_waits_can_be_taken_out_of_the_line_and_read_on(page: Page, product: Product) -> None:
    reader = product.pid_of("ingest")
    os.kill(reader, signal.SIGSTOP)
    try:
        drop(page, notes("waiting", 6))
        expect(page.get_by_role("button", name="Stop reading")).to_be_visible()
        page.get_by_role("button", name="Stop reading").click()
        expect(line(page)).to_contain_text("6 stopped")
        expect(page.locator(".upload").first).to_contain_text("Reading was stopped")
        page.get_by_role("button", name="Read on").click()
        expect(page.get_by_role("button", name="Stop reading")).to_be_visible()
    finally:
        os.kill(reader, signal.SIGCONT)
    expect(page.locator(".upload[data-status=ready]")).to_have_count(6)


def test_what_does_not_arrive_is_sent_again_by_itself(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    drop(page, notes("cut off", 5))
    expect(page.get_by_text("Sending goes on by itself when the connection is back.")).to_be_visible()
    expect(page.get_by_text("Sent again by itself").first).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator(".upload[data-status=ready]")).to_have_count(5)
    expect(page.locator("#line-note")).to_be_hidden()


def test_leaving_is_asked_about_only_while_something_is_being_sent(page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    held(page)
    drop(page, notes("left", 2))
    expect(page.locator(".upload[data-status=sending]")).to_have_count(2)
    page.close(run_before_unload=True)
    expect(page.locator(".upload")).to_have_count(2)  # it stayed
    assert asked == ["beforeunload"]
    page.unroute(SENDING)
    expect(page.locator(".upload[data-status=ready]")).to_have_count(2)
    page.reload()
    assert asked == ["beforeunload"]


def test_a_file_over_the_limit_is_refused_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "film.mov"
    with large.open("wb") as file:
        file.truncate(101 * 1024 * 1024)
    uploads = held(page)
    drop_from_disk(page, large)
    expect(page.locator(".upload")).to_contain_text("101 MB, and at most 100 MB can be read: it was not sent.")
    assert uploads == []


def test_what_is_there_already_is_said_and_can_be_opened(page: Page) -> None:
    drop(page, notes("waiting", 1))
    known = page.locator(".upload[data-status=known]")
    expect(known).to_contain_text("This file is here already, as “waiting 0.txt”.")
    expect(known.get_by_role("link", name="Open it")).to_be_visible()


def test_the_buttons_take_files_and_folders(page: Page, tmp_path: Path) -> None:
    picked = tmp_path / "Picked"
    (picked / "deep").mkdir(parents=True)
    (picked / "deep" / "sounding.txt").write_text("The water is nine metres deep.")
    (picked / ".hidden").write_text("no")
    page.wait_for_load_state("networkidle")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add a folder").click()
    chooser.value.set_files(picked)
    expect(page.locator(".upload")).to_have_count(1)
    expect(page.locator(".upload-name")).to_have_attribute("title", "Picked/deep/sounding.txt")
    expect(page.get_by_text("One hidden file was left out.")).to_be_visible()


def test_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(viewport=NARROW, dark=True)
    sign_in(page)
    page.goto(SHELF)
    expect(page.get_by_role("button", name="Add a folder")).to_be_hidden()
    drop(page, notes("phone", 4))
    expect(page.locator(".upload[data-status=ready]")).to_have_count(4)
    page.locator(".document").nth(1).get_by_role("checkbox").tap()
    expect(page.get_by_role("group", name="What to do with the chosen documents")).to_be_in_viewport()
    page.get_by_label("Sort by").select_option("name")
    expect(page.locator("#shelf")).to_have_attribute("data-sort", "name")
    save(page, "documents-narrow")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
