"""What [n] stands for: bound when the marker is first shown, with words that stand in the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.chat.citations import Sources, claim_before
from apps.chat.models import Citation, Conversation, Generation
from apps.core.database import in_database
from apps.core.ids import uuid7
from apps.documents.models import Document
from apps.documents.search import Hit
from apps.inference.engines.base import QuotePiece
from apps.workspaces.models import Workspace
from tests.chat.conftest import Ask, Watcher, Worker
from tests.chat.scripted import ScriptedEngine
from tests.documents.indexed import add

Script = Callable[..., ScriptedEngine]
TIMES = "The harbour was built in 1912. The harbour opens at six in summer and at eight in winter. Dogs are kept on a lead."
FEES = "The fee for a boat is four euros a day. Rowing boats pay nothing."


def hit(text: str = TIMES, **changed: Any) -> Hit:
    """A passage that search found, at character 100 of page 3."""
    fields: dict[str, Any] = {"document_name": "times.pdf", "title": "Times", "page": 3, "place": "p. 3", "start": 100}
    return Hit(chunk=1, document_id=uuid7(), end=100 + len(text), text=text, score=1.0, **(fields | changed))


def sources(*hits: Hit, **changed: Any) -> Sources:
    """These passages, offered."""
    return Sources(hits or [hit()], versions={}, language="en", **changed)


def test_the_quote_is_the_sentence_nearest_to_the_claim() -> None:
    bound = sources().bind(1, "Ships come from everywhere. In winter the harbour opens at eight ")
    assert bound is not None
    assert bound["quote"] == "The harbour opens at six in summer and at eight in winter."
    assert TIMES[bound["start"] - 100 : bound["end"] - 100] == bound["quote"]
    assert (bound["page"], bound["place"], bound["found"]) == (3, "p. 3", "found")


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("The harbour opens at six in summer", "found"),
        ("The harbour opens for large foreign steamers", "partly"),
        ("Bananas grow only abroad", "missing"),
    ],
)
def test_it_says_how_much_of_the_claim_the_passage_has(claim: str, found: str) -> None:
    bound = sources().bind(1, claim)
    assert bound is not None
    assert bound["found"] == found


def test_an_engine_s_own_quote_is_found_where_it_stands() -> None:
    offered = sources()
    offered.announce(QuotePiece(4, 1, "Dogs are kept on a lead."))
    bound = offered.bind(4, "> Dogs are kept on a lead.")
    assert bound is not None
    assert (bound["n"], bound["found"], bound["start"]) == (4, "found", 100 + TIMES.index("Dogs"))


def test_an_engine_s_quote_that_does_not_stand_there_is_missing() -> None:
    offered = sources()
    offered.announce(QuotePiece(1, 1, "Cats are welcome."))
    bound = offered.bind(1, "")
    assert bound is not None
    assert bound["found"] == "missing"


def test_a_number_is_bound_once() -> None:
    offered = sources()
    assert offered.bind(1, "six")
    assert offered.bind(1, "eight") is None


def test_what_was_not_offered_is_not_bound() -> None:
    assert sources().bind(2, "six") is None


def test_a_takeover_keeps_the_numbers_that_were_shown() -> None:
    one, two = hit(), hit(FEES)
    bound = sources(one, two).bind(1, "six")
    assert bound is not None
    assert sources(one, two, bound=[bound]).numbers == {1, 2}
    assert sources(two, one, bound=[bound]).numbers == {2}


@pytest.mark.parametrize(
    ("shown", "claim"),
    [
        ("It rains. The harbour opens at six ", "The harbour opens at six"),
        ("The harbour opens at six. Yes ", "The harbour opens at six. Yes"),
        ("It opens [1] at six [2] and ", "It opens   at six   and"),
        ("", ""),
    ],
)
def test_the_claim_is_the_sentence_of_the_marker(shown: str, claim: str) -> None:
    assert claim_before(shown).strip() == claim


def test_the_nearest_passages_are_no_sources() -> None:
    nearest = sources(*[hit("word " * 100) for _ in range(5)]).nearest()
    assert len(nearest) == 3
    assert nearest[0]["quote"].endswith("…")
    assert len(nearest[0]["quote"]) <= 300


@pytest.fixture
def shelf(workspace: Workspace) -> list[Document]:
    """Two documents that search finds."""
    return [add(workspace, "times.txt", TIMES), add(workspace, "fees.txt", FEES)]


@pytest.mark.django_db(transaction=True)
def test_only_what_was_cited_is_a_source(
    shelf: list[Document], ask: Ask, scripted: Script, worker: Worker, watch: Callable[[str], Watcher], conversation: Conversation
) -> None:
    engine = scripted("The harbour opens at six", " [", "1]", ", ships say [7].")
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask("When does the harbour open in summer?", conversation=conversation)
    worker.wake()
    ended = watcher.until("ended")
    citation = Citation.objects.get(message=run.answer_id)
    assert ended["text"] == "The harbour opens at six [1], ships say."
    assert (citation.n, citation.document, citation.version, citation.found) == (1, shelf[0], shelf[0].current or citation.version, "found")
    assert [entry["n"] for entry in ended["citations"]] == [1]
    assert engine.requests[0].passages[0].text == TIMES
    shown_with = [frame for frame in watcher.frames if frame.get("citations") and frame["type"] == "delta"]
    assert "[1]" in shown_with[0]["text"]


@pytest.mark.django_db(transaction=True)
def test_without_a_model_the_documents_answer(shelf: list[Document], ask: Ask, worker: Worker) -> None:
    run = ask("When does the harbour open in winter?")
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    citation = Citation.objects.get(message=run.answer_id, n=1)
    assert (run.status, run.answer.engine, run.nearest) == ("done", "quote", [])
    assert citation.quote == "The harbour opens at six in summer and at eight in winter."
    assert 'data-n="1"' in run.answer.html


@pytest.mark.django_db(transaction=True)
def test_where_nothing_answers_there_is_no_source(shelf: list[Document], ask: Ask, worker: Worker) -> None:
    run = ask("Who wrote the harbour symphony of the northern lights festival?")
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert not Citation.objects.exists()
    assert "<button" not in run.answer.html
    assert [entry["title"] for entry in run.nearest] == ["times.txt"]


@pytest.mark.django_db(transaction=True)
def test_a_workspace_never_answers_from_another(shelf: list[Document], ask: Ask, worker: Worker, charlie: User) -> None:
    elsewhere = Workspace.objects.get(slug="elsewhere")
    run = ask("When does the harbour open in winter?", workspace=elsewhere, asked_by=charlie)
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert "No model is installed" in run.answer.text
    assert run.nearest == []


@pytest.mark.django_db(transaction=True)
def test_a_document_erased_in_mid_answer_is_named_not_linked(shelf: list[Document], ask: Ask, answers_with: Any, worker: Worker) -> None:
    class Erases(ScriptedEngine):
        async def stream(self, request: Any) -> Any:
            async for piece in super().stream(request):
                yield piece
            await in_database(Document.objects.all().delete)()

    answers_with(Erases("At six [1]."))
    run = ask("When does the harbour open in summer?")
    worker.wake()
    worker.wait()
    citation = Citation.objects.get(message=run.answer_id)
    assert (citation.document, citation.version, citation.title) == (None, None, "times.txt")
    assert Generation.objects.get(pk=run.pk).status == "done"


@pytest.mark.django_db(transaction=True)
def test_a_short_question_is_searched_with_the_one_before(
    shelf: list[Document], ask: Ask, scripted: Script, worker: Worker, conversation: Conversation
) -> None:
    engine = scripted("At six.")
    for text in ("What is the fee for a boat?", "And for rowing?"):
        ask(text, conversation=conversation)
        worker.wake()
        worker.wait()
    assert engine.requests[1].passages[0].title == "fees"


@pytest.mark.django_db(transaction=True)
def test_verbatim_only_never_asks_the_model(workspace: Workspace, ask: Ask, worker: Worker) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(answering="verbatim")
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert run.answer.engine == "quote"
