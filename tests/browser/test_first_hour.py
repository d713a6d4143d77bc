"""A stranger's first hour, in one go: from the first page to a cited answer, a broken file, an invited colleague, and her phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import NARROW, ask, drop, ended, save
from tests.browser.barriers import barriers
from tests.browser.conftest import LAN_NAME, SETTINGS, OpenPage
from tests.browser.reading import letters
from tests.browser.test_first_answer import HANDBOOK, QUESTION
from tests.conftest import PASSWORD
from tests.product import Product

CRANES = b"""# Crane rules

## Who may lift

Only whoever holds the harbour's own licence works the cranes.

## Weather and wind

No crane lifts in a wind of more than forty knots.

## Booking a crane

A crane is booked at the office by noon of the day before.
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An installation that nobody has seen yet."""
    running = Product(tmp_path_factory.mktemp("first-hour") / "home", **SETTINGS)
    running.start()
    yield running
    running.stop()


def test_the_first_hour(open_page: OpenPage) -> None:
    page = open_page()
    set_up(page)
    add_files(page)
    ask_and_read(page)
    talk = page.url
    link = invite(page)
    phone = open_page("/accounts/login/", viewport=NARROW, dark=True, host=LAN_NAME)
    join(phone, link)
    ask_and_read_on_a_phone(phone)
    refused = phone.goto(talk.replace("127.0.0.1", LAN_NAME))
    assert refused is not None
    assert refused.status == 404
    shot(phone, 9, "not-hers")


def set_up(page: Page) -> None:
    """The first page: who, which team, and what a model would add."""
    shot(page, 1, "first-run")
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("team").fill("Harbour")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Open the workspace").click()
    expect(page.get_by_role("heading", name="Ask, and read the line")).to_be_visible()
    shot(page, 2, "welcome")


def add_files(page: Page) -> None:
    """A good file and a broken one at once: each says how it ended."""
    drop(page, {"Harbour handbook.pdf": HANDBOOK, "torn.pdf": HANDBOOK[:200], "Crane rules.md": CRANES})
    files = page.get_by_label("Files being added")
    expect(files.locator("[data-status='ready']")).to_have_count(2)
    expect(page.get_by_role("button", name="What is said about “Weather and wind”?")).to_be_visible()
    expect(files.locator("[data-status='failed']")).to_contain_text("damaged")
    shot(page, 3, "files")


def ask_and_read(page: Page) -> None:
    """The answer, and beside it the page that it came from."""
    answer = ended(ask(page, QUESTION))
    assert_marked(page, answer)
    shot(page, 4, "answer")
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("row", name="torn.pdf")).to_have_attribute("data-status", "failed")
    shot(page, 5, "documents")
    page.go_back()


def invite(page: Page) -> str:
    """The link for a colleague, as Ada would send it."""
    page.get_by_role("link", name="People").first.click()
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_role("button", name="Make an invitation link").click()
    link = page.get_by_role("textbox", name="Send this invitation")
    expect(link).to_be_visible()
    shot(page, 6, "invitation")
    return link.input_value()


def join(phone: Page, link: str) -> None:
    """The colleague opens it by the machine's name on the network, over plain http."""
    phone.goto(link.replace("127.0.0.1", LAN_NAME))
    assert not phone.evaluate("isSecureContext")
    shot(phone, 7, "join")
    phone.get_by_label("Your name").fill("Grace Hopper")
    phone.get_by_label("E-mail").fill("grace@example.org")
    phone.get_by_label("Password").fill(PASSWORD)
    phone.get_by_role("button", name="Make my account and join").click()
    expect(phone.get_by_role("heading", name="Ask, and read the line")).to_be_visible()


def ask_and_read_on_a_phone(phone: Page) -> None:
    """She asks about the files that Ada has shared, and reads the page in a sheet."""
    answer = ended(ask(phone, QUESTION))
    expect(phone.get_by_role("complementary", name="Source")).to_be_hidden()
    answer.get_by_role("button", name="Source 1").tap()
    assert_marked(phone, answer)
    shot(phone, 8, "phone")


def assert_marked(page: Page, answer: Locator) -> None:
    """The words that the first marker stands for are the ones that are marked."""
    quote = answer.locator(".source[data-n='1'] .source-quote").text_content()
    assert quote
    marks = page.locator("#evidence mark")
    expect(marks.first).to_be_in_viewport()
    assert letters(quote) == letters("".join(marks.all_text_contents()))


def shot(page: Page, step: int, name: str) -> None:
    """A picture of this step, of a page without a barrier."""
    save(page, f"first-hour/{step}-{name}")
    assert barriers(page) == []
