"""From a marker to the page it stands for, and back: the panel beside the talk, by pointer, by keys, on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.acting import NARROW, ask, ended, save
from tests.browser.conftest import OpenPage
from tests.browser.reading import Reader, await_drawn, letters, marked
from tests.documents.pdfs import lines, pdf_of
from tests.product import Product

FIRST_PDF_MAX_BYTES = 600_000
FILES = {
    "Lantern lease.pdf": pdf_of(
        lines("Lantern lease", "", "Between the company of the harbour and the keeper of the lantern."),
        lines(
            "\xa7 14 Term and notice",
            "Either party may end the lantern lease with nine months' no-",
            "tice to the end of a calendar quarter.",
        ),
        lines("Annex", "", "The keeper paints the rails of the lantern every spring."),
    ),
    "Lantern rules.md": b"# Lantern rules\n\nEither party may end the lantern lease of a guest with two months of notice.\n",
}
QUESTION = "With how many months of notice may either party end the lantern lease?"


@pytest.fixture(scope="module")
def reader(product: Product) -> Reader:
    """Somebody with the files above."""
    return Reader(product, "lantern", FILES)


@pytest.fixture(scope="module")
def talks() -> dict[str, str]:
    """The address of the conversation in which the question was answered, once it was."""
    return {}


def at_the_answer(page: Page, talks: dict[str, str]) -> Locator:
    """The answer about the lease, on its page."""
    if "lease" in talks:
        page.goto(talks["lease"])
        return ended(page.locator("chat-answer").first)
    page.goto("/w/lantern/")
    answer = ended(ask(page, QUESTION))
    page.wait_for_url("**/c/**")
    talks["lease"] = page.url
    return answer


def marker_of(answer: Locator, words: str) -> Locator:
    """The marker behind the sentence that has these words."""
    return answer.locator(".prose p").filter(has_text=words).first.get_by_role("button").first


def panel(page: Page) -> Locator:
    """Beside the answer, or over it."""
    return page.get_by_role("complementary", name="Source")


def test_a_marker_opens_its_page_with_the_words_in_the_middle(open_page: OpenPage, reader: Reader, talks: dict[str, str]) -> None:
    page = reader.reads(open_page("/accounts/login/"))
    marker = marker_of(at_the_answer(page, talks), "Either party")
    marker.click()
    await_drawn(page, 2)
    n = marker.text_content()
    quote = page.locator(f"chat-answer .source[data-n='{n}'] .source-quote").first.text_content() or ""
    assert letters("".join(mark["words"] for mark in marked(page))) == letters(quote)
    expect(panel(page).get_by_role("heading", name="Lantern lease.pdf")).to_be_visible()
    expect(panel(page).get_by_text("page 2 of 3")).to_be_visible()
    middle = page.evaluate(
        """() => { const box = element => document.querySelector(element).getBoundingClientRect();
                   const [mark, stage] = [box(".pdf-text mark"), box(".viewer-stage")];
                   return (mark.top - stage.top) / stage.height; }"""
    )
    assert 0.2 < middle < 0.8
    expect(panel(page).locator("[aria-current=true] .marker")).to_have_text(n or "")
    expect(page.locator(".viewer-stage")).to_be_focused()
    save(page, "evidence-light")
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(marker).to_be_focused()
    expect(page.locator(".pdf-page")).to_have_count(0)


def test_nothing_of_the_viewer_comes_before_the_first_click(open_page: OpenPage, reader: Reader, talks: dict[str, str]) -> None:
    page = reader.reads(open_page("/accounts/login/"))
    at_the_answer(page, talks)
    page.goto("about:blank")
    fetched = count_bytes(page)
    answer = at_the_answer(page, talks)
    expect(panel(page)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert not [url for url in fetched if "pdf" in url], "the panel opened by itself, and no more"
    assert sum(size for url, size in fetched.items() if "/static/" in url) <= 150_000
    before = dict(fetched)
    marker_of(answer, "Either party").click()
    await_drawn(page, 2)
    page.wait_for_load_state("networkidle")
    more = {url: size for url, size in fetched.items() if url not in before and "/original/" not in url}
    assert any("pdf.worker" in url for url in more)
    assert sum(more.values()) <= FIRST_PDF_MAX_BYTES, more


def count_bytes(page: Page) -> dict[str, float]:
    """The bytes that come over the wire from now on, by address, workers' included."""
    sizes: dict[str, float] = {}

    def finished(request: object) -> None:
        sizes[request.url] = request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"]  # type: ignore[attr-defined]

    page.on("requestfinished", finished)
    return sizes


def test_from_source_to_source_across_documents(open_page: OpenPage, reader: Reader, talks: dict[str, str]) -> None:
    page = reader.reads(open_page("/accounts/login/"))
    answer = at_the_answer(page, talks)
    count = answer.locator(".source").count()
    answer.get_by_role("button", name="Source 1").first.click()
    place = panel(page).locator("#evidence-place")
    expect(place).to_have_text(f"source 1 of {count}")
    titles = answer.locator(".source-title").all_text_contents()
    for number, title in enumerate(titles, start=1):
        expect(place).to_have_text(f"source {number} of {count}")
        expect(panel(page).locator(".evidence-title")).to_have_text(title)
        expect(panel(page).locator("mark").first).to_be_in_viewport()
        page.locator(".viewer-stage").focus()
        page.keyboard.press("n")
    assert set(titles) == {"Lantern lease.pdf", "Lantern rules.md"}
    expect(place).to_have_text(f"source {count} of {count}")
    page.keyboard.press("p")
    expect(place).to_have_text(f"source {count - 1} of {count}")
    panel(page).get_by_role("button", name="Next source").click()
    expect(place).to_have_text(f"source {count} of {count}")
    expect(panel(page).get_by_role("button", name="Next source")).to_be_disabled()


def test_pages_turn_by_keys_and_grow(open_page: OpenPage, reader: Reader, talks: dict[str, str]) -> None:
    page = reader.reads(open_page("/accounts/login/"))
    marker_of(at_the_answer(page, talks), "Either party").click()
    await_drawn(page, 2)
    where = panel(page).locator(".viewer-where")
    for key, number in (("PageDown", 3), ("PageUp", 2), ("PageUp", 1), ("PageUp", 1)):
        page.keyboard.press(key)
        expect(where).to_have_text(f"page {number} of 3")
    expect(panel(page).get_by_role("link", name="Previous page")).to_be_disabled()
    panel(page).get_by_role("link", name="Next page").click()
    expect(where).to_have_text("page 2 of 3")
    drawn = await_drawn(page, 2)
    fitting = wide(drawn)
    page.locator(".viewer-stage").focus()
    page.keyboard.press("+")
    expect(drawn.locator("canvas")).to_have_js_property("width", round(fitting * 1.25))
    assert wide(drawn) > fitting * 1.2
    panel(page).get_by_role("button", name="Fit the width").click()
    expect(drawn.locator("canvas")).to_have_js_property("width", int(fitting))


def wide(element: Locator) -> float:
    """How wide an element is, in pixels."""
    box = element.bounding_box()
    assert box is not None
    return box["width"]


def high(element: Locator) -> float:
    """How high it is."""
    box = element.bounding_box()
    assert box is not None
    return box["height"]


def test_the_panel_has_the_size_that_a_person_gives_it(open_page: OpenPage, reader: Reader, talks: dict[str, str]) -> None:
    page = reader.reads(open_page("/accounts/login/"))
    at_the_answer(page, talks)
    edge, before = panel(page).get_by_role("separator"), wide(panel(page))
    edge.focus()
    page.keyboard.press("ArrowLeft")
    assert wide(panel(page)) == pytest.approx(before + 24, abs=1)
    expect(edge).to_have_attribute("aria-valuenow", str(round(before + 24)))
    box = edge.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, 300)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, 320, steps=3)
    page.mouse.up()
    chosen = wide(panel(page))
    assert chosen > before + 60
    page.reload()
    assert wide(panel(page)) == pytest.approx(chosen, abs=1)
    for key, size in (("End", 1280 * 0.62), ("Home", 300), ("Enter", before)):
        edge.focus()
        page.keyboard.press(key)
        assert wide(panel(page)) == pytest.approx(size, abs=1)


def test_on_a_phone_it_comes_from_below(open_page: OpenPage, reader: Reader, talks: dict[str, str]) -> None:
    page = reader.reads(open_page("/accounts/login/", viewport=NARROW))
    answer = at_the_answer(page, talks)
    expect(panel(page)).to_be_hidden()
    marker_of(answer, "Either party").tap()
    await_drawn(page, 2)
    expect(page.locator(".pdf-text mark").first).to_be_in_viewport()
    save(page, "evidence-narrow")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    for name in ("Previous page", "Next page"):
        assert high(panel(page).get_by_role("link", name=name)) >= 44
    for name in ("Smaller", "Larger", "Fit the width", "Previous source", "Next source", "Close the source"):
        assert high(panel(page).get_by_role("button", name=name)) >= 44
    panel(page).get_by_role("button", name="Next source").tap()
    expect(panel(page).locator("#evidence-place")).to_contain_text("source 2 of")
    edge, before = panel(page).get_by_role("separator"), high(panel(page))
    expect(edge).to_have_attribute("aria-orientation", "horizontal")
    edge.focus()
    page.keyboard.press("ArrowUp")
    assert high(panel(page)) == pytest.approx(before + 24, abs=1)
    panel(page).get_by_role("button", name="Close the source").tap()
    expect(panel(page)).to_be_hidden()


def test_in_the_dark_the_page_stays_paper(open_page: OpenPage, reader: Reader, talks: dict[str, str]) -> None:
    page = reader.reads(open_page("/accounts/login/", dark=True))
    marker_of(at_the_answer(page, talks), "Either party").click()
    await_drawn(page, 2)
    light = page.locator(".pdf-text mark").first.evaluate("mark => getComputedStyle(mark).backgroundColor")
    assert float(re.findall(r"oklch\((0\.\d+)", light)[0]) > 0.9, "the yellow of the light theme, under black words"
    save(page, "evidence-dark")


@pytest.mark.parametrize("lost", ["**/pdf.worker*", "**/pdf.min*", "**/js/pdf-view*", "**/original/"])
def test_where_no_page_can_be_drawn_its_text_is_read(open_page: OpenPage, reader: Reader, talks: dict[str, str], lost: str) -> None:
    page = reader.reads(open_page("/accounts/login/"))
    page.route(lost, lambda route: abort(route))
    marker_of(at_the_answer(page, talks), "Either party").click()
    expect(panel(page).get_by_text("This PDF cannot be shown here")).to_be_visible()
    expect(panel(page).locator(".paper mark")).to_contain_text("Either party may end the lantern lease")
    expect(panel(page).locator(".paper mark")).to_be_in_viewport()
    expect(panel(page).get_by_text("page 2 of 3")).to_be_visible()
    page.unroute(lost)


def abort(route: Route) -> None:
    """Lose a request on its way."""
    route.abort()


def test_a_torn_file_is_read_as_text(open_page: OpenPage, reader: Reader) -> None:
    """The original went bad on the disk after it had been read."""
    page = reader.reads(open_page("/accounts/login/"))
    page.route("**/original/", lambda route: route.fulfill(body=b"%PDF-1.7 and nothing of it", status=200))
    page.goto(f"/d/{reader.shelf['Lantern lease.pdf']}/?page=3&quote=paints+the+rails")
    expect(page.get_by_text("This PDF cannot be shown here")).to_be_visible()
    expect(page.locator(".paper mark")).to_have_text("paints the rails")
