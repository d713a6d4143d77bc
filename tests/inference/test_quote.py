"""The documents' own words: which sentences are quoted, how they are shown, and when nothing is."""

from dataclasses import replace
from typing import Any

import pytest

from apps.inference.engines.base import ChatRequest, EngineUnavailable, Passage, Piece, QuotePiece, TextPiece
from apps.inference.engines.quote import QUOTE_MAX_CHARS, QuoteEngine, best_sentences

HARBOUR = "The harbour is built of stone. The harbour closes at nine. Boats that come later wait outside until morning."
CATS = "The cats of the island sleep on warm stones. Nobody owns them."


def request(question: str = "When does the harbour close?", *texts: str, **changes: Any) -> ChatRequest:
    passages = tuple(Passage(n, "Harbour rules", "p. 1", text, 10.0 / n) for n, text in enumerate(texts or (HARBOUR, CATS), 1))
    asked = ChatRequest(
        question, passages=passages, has_documents=True, relevance=0.5, weights={"harbour": 0.6, "close": 0.4}, language="en"
    )
    return replace(asked, **changes)


async def pieces_of(asked: ChatRequest) -> list[Piece]:
    return [piece async for piece in QuoteEngine().stream(asked)]


async def text_of(asked: ChatRequest) -> str:
    return "".join(piece.text for piece in await pieces_of(asked) if isinstance(piece, TextPiece))


async def quotes_of(asked: ChatRequest) -> list[QuotePiece]:
    return [piece for piece in await pieces_of(asked) if isinstance(piece, QuotePiece)]


async def test_it_quotes_the_sentence_that_answers() -> None:
    pieces = await pieces_of(request())
    assert pieces[:2] == [QuotePiece(1, 1, "The harbour closes at nine."), TextPiece("> The harbour closes at nine. [1]")]


async def test_every_quote_stands_in_its_passage() -> None:
    asked = request("Where do boats wait, and where do cats sleep?", weights={"boat": 0.25, "wait": 0.25, "cat": 0.25, "sleep": 0.25})
    quotes = await quotes_of(asked)
    assert {quote.passage for quote in quotes} == {1, 2}
    assert all(quote.quote in asked.passages[quote.passage - 1].text for quote in quotes)
    assert [quote.n for quote in quotes] == list(range(1, len(quotes) + 1))


async def test_quotations_are_paragraphs_of_their_own_and_three_at_most() -> None:
    asked = request("Is the harbour closed?", " ".join(f"The harbour is closed on day {day}." for day in "abcdef"))
    text = await text_of(asked)
    assert text.count("\n\n") == 2
    assert all(part.startswith("> ") and part.endswith(f" [{n}]") for n, part in enumerate(text.split("\n\n"), 1))


async def test_a_marker_is_bound_before_it_is_shown() -> None:
    bound: set[int] = set()
    for piece in await pieces_of(request("Is the harbour closed?", *["The harbour is closed. Harbour, close!"] * 2)):
        if isinstance(piece, QuotePiece):
            bound.add(piece.n)
        elif isinstance(piece, TextPiece):
            assert all(f"[{n}]" not in piece.text for n in {1, 2, 3} - bound)


async def test_a_heading_that_only_repeats_the_question_is_not_quoted() -> None:
    text = "## Harbour closes\n\nThe harbour closes at nine."
    assert [quote.quote for quote in await quotes_of(request("When does the harbour close?", text))] == ["The harbour closes at nine."]


async def test_a_whole_sentence_may_repeat_the_question() -> None:
    quotes = await quotes_of(request("Is the harbour closed?", "The harbour is closed."))
    assert [quote.quote for quote in quotes] == ["The harbour is closed."]


async def test_the_same_sentence_is_quoted_once() -> None:
    quotes = await quotes_of(request("When does the harbour close?", "The harbour closes at nine.", "The  Harbour closes at nine!"))
    assert [quote.quote for quote in quotes] == ["The harbour closes at nine."]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many berths has the harbour?", "The harbour has 40 berths."),
        ("How much is a berth in the harbour?", "The harbour has 40 berths."),
        ("When were the berths of the harbour made?", "The harbour got berths in 1950."),
        ("Who made the berths of the harbour?", "The harbour got berths from Anna Lind."),
    ],
)
def test_a_sentence_with_the_kind_of_thing_that_is_asked_for_comes_first(question: str, answer: str) -> None:
    texts = (
        "The harbour has some berths.",
        "The harbour has 40 berths.",
        "The harbour got berths in 1950.",
        "The harbour got berths from Anna Lind.",
    )
    asked = request(question, " ".join(texts), weights={"harbour": 0.5, "berth": 0.5})
    assert best_sentences(asked)[0].text == answer


def test_the_sentence_before_counts() -> None:
    text = "The island is small. Boats came in 1950. The harbour is old. It opened in 1912."
    quoted = [sentence.text for sentence in best_sentences(request("When was the harbour built?", text, weights={"harbour": 1.0}))]
    assert "It opened in 1912." in quoted
    assert "Boats came in 1950." not in quoted


@pytest.mark.parametrize("changes", [{"relevance": 0.05, "weights": {}}, {"passages": ()}])
async def test_where_nothing_clearly_answers_it_says_so_and_cites_nothing(changes: dict[str, Any]) -> None:
    pieces = await pieces_of(request(**changes))
    assert pieces == [TextPiece("Nothing in the documents clearly answers this question.")]


async def test_without_documents_it_says_what_to_do() -> None:
    text = await text_of(ChatRequest("Hello?"))
    assert "No model is installed" in text
    assert "Drop a file" in text


async def test_it_speaks_the_language_of_the_question() -> None:
    assert "kein Modell" in await text_of(ChatRequest("Hallo?", language="de"))
    assert (await text_of(request(passages=(), language="de"))).startswith("Nichts in den Dokumenten")
    assert "No model" in await text_of(ChatRequest("Ola?", language="xx"))


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("The harbour *closes* at `nine`.", r"The harbour \*closes\* at \`nine\`."),
        ("The harbour closes at nine.[1]", "The harbour closes at nine.(1)"),
        ("The harbour [sic] closes <b>.", r"The harbour \[sic\] closes \<b>."),
        ("# The harbour closes at dusk", r"\# The harbour closes at dusk"),
        ("12. The harbour closes", r"12\. The harbour closes"),
        ("The harbour\ncloses &amp; opens.", r"The harbour closes \&amp; opens."),
    ],
)
async def test_markup_of_the_document_is_shown_as_it_is(sentence: str, shown: str) -> None:
    asked = request("When does the harbour close?", sentence)
    assert await text_of(asked) == f"> {shown} [1]"
    assert [quote.quote for quote in await quotes_of(asked)] == [sentence]


async def test_a_sentence_without_end_is_cut_at_a_word() -> None:
    (quote,) = await quotes_of(request("When does the harbour close?", "harbour close dusk " * 80))
    assert len(quote.quote) <= QUOTE_MAX_CHARS
    assert quote.quote.endswith(("harbour", "close", "dusk"))
    assert (await text_of(request("harbour", "harbour close dusk " * 80))).endswith(" … [1]")


async def test_a_second_attempt_goes_on_where_the_first_one_stopped() -> None:
    asked = request("Is the harbour closed?", "The harbour is closed on Monday. The harbour is closed on Sunday.")
    whole = await text_of(asked)
    for cut in range(len(whole) + 1):
        assert await text_of(replace(asked, written=whole[:cut])) == whole[cut:]
    assert len(await quotes_of(replace(asked, written=whole))) == 2


@pytest.mark.parametrize("text", ["", "\x00", "?", "[1] [2]", "。。。"])
async def test_a_strange_passage_breaks_nothing(text: str) -> None:
    assert await text_of(request("When does the harbour close?", text))


async def test_other_scripts_are_quoted_too() -> None:
    asked = request(
        "港は何時に閉まりますか", "この島には猫がいる。港は夜九時に閉まります。", weights={"港は": 0.4, "閉ま": 0.4}, language="ja"
    )
    assert (await quotes_of(asked))[0].quote == "港は夜九時に閉まります。"


async def test_a_german_passage_answers_an_english_question() -> None:
    asked = request(
        "What is the Einfahrt?",
        "Die Katzen schlafen auf der Mauer. Die Boote warten vor der Einfahrt und der Mole.",
        weights={"einfahrt": 1.0},
    )
    assert (await quotes_of(asked))[0].quote.startswith("Die Boote")


async def test_it_measures_words_and_has_no_vectors() -> None:
    engine = QuoteEngine()
    assert await engine.count_tokens("three little words") == 3
    with pytest.raises(EngineUnavailable):
        await engine.embed(["text"])
