"""Where words stand in a text: js/matching.js and js/marking.js, in the browser that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from tests.product import Product

PAGE = "First line.\nEither party may end the\nlease with six months' no-\ntice. The ﬁrm agrees; a Straße."
Call = Callable[..., Any]
CALL = """async ([name, args]) => {
    const matching = await import("/static/js/matching.js");
    return matching[name](...args);
}"""
MARK = """async ([html, spans]) => {
    const { mark, readText, unmark } = await import("/static/js/marking.js");
    const root = document.createElement("div");
    root.innerHTML = html;
    const before = root.innerHTML;
    const reading = readText(root);
    const marks = mark(reading, spans, "quote").map(part => part.map(one => one.textContent));
    const marked = root.innerHTML;
    unmark(root, "quote");
    return { text: reading.text, marks, marked, isAsBefore: root.innerHTML === before };
}"""


@pytest.fixture(scope="module")
def evaluate(browser: Browser, product: Product) -> Iterator[Call]:
    """Runs a function of the modules on a page of the product."""
    context = browser.new_context(base_url=product.address)
    page = context.new_page()
    page.goto("/accounts/login/")
    yield page.evaluate
    context.close()


@pytest.fixture(scope="module")
def found(evaluate: Call) -> Call:
    """The parts of a text that a function of matching.js finds in it."""

    def call(name: str, text: str, wanted: str) -> list[str]:
        units = text.encode("utf-16-le", "surrogatepass")
        spans = evaluate(CALL, [name, [text, wanted]])
        return [units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass") for start, end in spans]

    return call


@pytest.mark.parametrize(
    ("text", "quote", "parts"),
    [
        (PAGE, "Either party may end the lease", ["Either party may end the\nlease"]),
        (PAGE, "six months’ notice.", ["six months' no-\ntice."]),
        (PAGE, "THE FIRM AGREES", ["The ﬁrm agrees"]),
        (PAGE, "strasse", ["Straße"]),
        ("soft\u00adhy\u00ad\nphen co\ufffe\noperate", "softhyphen cooperate", ["soft\u00adhy\u00ad\nphen co\ufffe\noperate"]),
        ("caf\u00e9 cafe\u0301 CAFÉ", "cafe", ["caf\u00e9", "cafe\u0301", "CAFÉ"]),
        ("(2) § 14 Term", "§ 14 Term", ["§ 14 Term"]),
        ("say “no”. So", "“no”.", ["“no”."]),
        ("السالم عليكم", "السلام عليكم", ["السالم عليكم"]),
        ("السَّلام", "السلام", ["السَّلام"]),
        ("\ufe8d\ufedf\ufeb4\ufefc\ufee1", "السلام", ["\ufe8d\ufedf\ufeb4\ufefc\ufee1"]),
        ("東京都は日本の\n首都です。", "日本の首都です。", ["日本の\n首都です。"]),
        ("ガイド ｶﾞｲﾄﾞ", "ガイド", ["ガイド", "ｶﾞｲﾄﾞ"]),
        ("한국어 문서", "한국어", ["한국어"]),
        ("क्षेत्र में भाषा", "क्षेत्र में", ["क्षेत्र में"]),
        ("ΟΔΟΣ οδος", "οδός", ["ΟΔΟΣ", "οδος"]),
        ("𝐀bc 𠮷野家", "abc 𠮷野", ["𝐀bc 𠮷野"]),
        ("１２ ½", "12", ["１２", "½"]),
        (PAGE, "", []),
        (PAGE, " … ", []),
        (PAGE, "not in there", []),
        ("", "words", []),
    ],
)
def test_a_quote_is_found_by_its_letters(found: Call, text: str, quote: str, parts: list[str]) -> None:
    assert found("findQuote", text, quote) == parts


def test_near_words_are_found_in_stretches(found: Call) -> None:
    page = "The quick brown fox jumps over the lazy dog. Page 7 of 9. And then it sleeps until the morning comes again."
    quote = "The quick brown fox jumps over the lazy cat and then it sleeps until the evening comes"
    assert found("findNear", page, quote) == ["The quick brown fox jumps over the lazy", "And then it sleeps until the"]


@pytest.mark.parametrize(
    ("text", "quote"),
    [(PAGE, "An entirely different sentence of another book stands here."), (PAGE, "party"), (PAGE, ""), ("", "party may end the lease")],
)
def test_what_is_not_half_there_is_not_near(found: Call, text: str, quote: str) -> None:
    assert found("findNear", text, quote.replace("party", "partly")) == []


def test_han_signs_say_more_each(found: Call) -> None:
    assert found("findNear", "第一条 甲方应当在三十日内支付货款。注意事项。", "甲方应当在三十日内支付全部费用") == [
        "甲方应当在三十日内支付"
    ]


@pytest.mark.parametrize(
    ("text", "query", "parts"),
    [
        ("The lease; THE\nLEASE. the-lease", "the lease", ["The lease", "THE\nLEASE", "the-lease"]),
        ("No bert-\nhs, a well-\nknown berth", "berth", ["bert-\nh", "berth"]),
        ("well-known, well known", "well known", ["well-known", "well known"]),
        ("thelease", "the lease", []),
        ("日本の\n首都", "日本の首都", ["日本の\n首都"]),
        ("caf\u00e9", "CAFE", ["caf\u00e9"]),
        (PAGE, "?!", []),
    ],
)
def test_words_are_found_as_a_person_types_them(found: Call, text: str, query: str, parts: list[str]) -> None:
    assert found("findWords", text, query) == parts


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.data())
def test_any_stretch_that_begins_with_a_letter_is_found_in_its_text(found: Call, text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    for part in found("findQuote", text, quote):
        assert part in text
        assert found("findQuote", part, quote) or found("findQuote", part, part)


@pytest.mark.parametrize(
    ("unit", "quote"), [("a", "a" * 900 + "b"), ("ab", "ab" * 400), ("word ", "word another"), ("\ufdfa", "\ufdfa" * 50)]
)
def test_a_page_without_end_holds_nobody_up(evaluate: Call, unit: str, quote: str) -> None:
    script = """async ([text, quote]) => {
        const { findQuote, findNear, findWords } = await import("/static/js/matching.js");
        const begun = performance.now();
        for (const find of [findQuote, findNear, findWords]) find(text, quote);
        return performance.now() - begun;
    }"""
    assert evaluate(script, [unit * (100_000 // len(unit)), quote]) < 5000


def test_marks_lie_in_the_text_and_leave_no_trace(evaluate: Call) -> None:
    html = "<p>One <b>two</b> three<br>four</p><ul><li>five</li><li>six</li></ul>"
    told = evaluate(MARK, [html, [[5, 8], [11, 22]]])
    assert told["text"] == "\nOne two three\nfour\nfive\nsix"
    assert told["marks"] == [["two"], ["ree", "four", "fi"]]
    assert '<b><mark class="quote">two</mark></b>' in told["marked"]
    assert told["isAsBefore"]


def test_marks_that_touch_are_one(evaluate: Call) -> None:
    told = evaluate(MARK, ["<p>One two three</p>", [[5, 8], [1, 6], [8, 9]]])
    assert told["marks"] == [["One two "]]
