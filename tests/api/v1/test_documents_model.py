"""`documents:SLUG`: the workspace's documents are searched, and the answer says where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from apps.chat.prompting import SYSTEM
from tests.api.v1.conftest import Client, Says
from tests.documents.conftest import Upload

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION: list[Any] = [{"role": "user", "content": "When does the lease begin?"}]
MODEL = "documents:harbour"


@pytest.fixture
def lease(upload: Upload) -> str:
    """The id of a document that answers."""
    return str(upload().pk)


async def test_the_answer_cites_page_and_words(client: Client, lease: str, says: Says) -> None:
    says("It begins on 1 July 2021 [1]. So there [7].")
    made = await client.chat(MODEL, messages=QUESTION)
    message = made.choices[0].message
    assert (made.model, made.system_fingerprint, message.content) == (MODEL, "scripted", "It begins on 1 July 2021 [1]. So there.")
    (citation,) = message.citations
    assert (citation["n"], citation["document"], citation["title"], citation["page"]) == (1, lease, "lease.txt", 1)
    assert citation["quote"] == "The lease begins on 1 July 2021."
    assert citation["url"] == f"http://localhost/d/{lease}/?page=1"


async def test_the_client_reads_the_annotations(client: Client, lease: str, says: Says) -> None:
    says("It begins on 1 July 2021 [1].")
    made = await client.chat(MODEL, messages=QUESTION)
    (annotation,) = made.choices[0].message.annotations
    assert annotation.type == "url_citation"
    assert (annotation.url_citation.title, annotation.url_citation.url) == ("lease.txt", f"http://localhost/d/{lease}/?page=1")
    marked = made.choices[0].message.content[annotation.url_citation.start_index : annotation.url_citation.end_index]
    assert marked == "[1]"


async def test_a_stream_cites_in_its_last_piece(client: Client, lease: str, says: Says) -> None:
    says("It begins on 1 July 2021 [", "1].")
    chunks = await client.chunks(MODEL, messages=QUESTION)
    last = chunks[-1].choices[0]
    assert (last.finish_reason, [citation["n"] for citation in last.delta.citations]) == ("stop", [1])
    assert [annotation["type"] for annotation in last.delta.annotations] == ["url_citation"]


async def test_the_model_gets_passages_and_both_systems(client: Client, lease: str, says: Says) -> None:
    engine = says("Yes.")
    await client.chat(MODEL, messages=[{"role": "system", "content": "Rhyme."}, *QUESTION])
    (asked,) = engine.requests
    assert asked.system == f"{SYSTEM}\n\nRhyme."
    assert [passage.title for passage in asked.passages] == ["lease.txt"]


async def test_a_short_question_is_searched_with_the_one_before(client: Client, lease: str, says: Says) -> None:
    engine = says("Yes.")
    await client.chat(MODEL, messages=[*QUESTION, {"role": "assistant", "content": "In July."}, {"role": "user", "content": "Really?"}])
    (asked,) = engine.requests
    assert (asked.question, len(asked.turns), len(asked.passages)) == ("Really?", 2, 1)


@pytest.mark.parametrize("name", ["quote", MODEL])
async def test_without_a_model_the_documents_words_answer(client: Client, lease: str, name: str) -> None:
    made = await client.chat(name, messages=QUESTION)
    assert made.system_fingerprint == "quote"
    assert made.choices[0].message.content.startswith("> The lease begins on 1 July 2021. [1]")
    assert made.choices[0].message.citations[0]["found"] == "found"


async def test_a_plain_model_searches_nothing(client: Client, lease: str, says: Says) -> None:
    engine = says("It begins [1].")
    made = await client.chat("scripted", messages=QUESTION)
    assert (engine.requests[0].passages, engine.requests[0].system) == ((), "")
    assert not hasattr(made.choices[0].message, "citations")
