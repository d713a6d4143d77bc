"""Search, by API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from apps.documents.models import Document
from apps.documents.search import Found, Hit
from tests.api.conftest import Program, refusal

PATH = "workspaces/harbour/search"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, document: Document) -> list[tuple[Any, ...]]:
    """What search was asked for; it always finds two passages."""
    questions: list[tuple[Any, ...]] = []
    first = Hit(1, document.pk, "notes.txt", "Notes", 3, "Page 3", 0, 9, "the crane", 2.5)

    def find(*question: Any) -> Found:
        questions.append(question)
        return Found([first, first._replace(document_id=uuid4(), score=1.25)])

    monkeypatch.setattr("apps.api.documents.find_passages", find)
    return questions


def test_it_tells_the_passages_best_first(api: Program, asked: list[Any], document: Document) -> None:
    answer = api.post(PATH, {"query": "Is the crane open?", "limit": 2})
    assert answer.status_code == 200
    first, second = answer.json()["results"]
    assert first == {
        "document": {"id": str(document.pk), "name": "notes.txt"}, "title": "Notes", "page": 3, "text": "the crane", "score": 2.5,
    }  # fmt: skip
    assert second["score"] < first["score"]


def test_it_asks_for_the_workspace_and_no_more_than_the_limit(api: Program, asked: list[Any], document: Document) -> None:
    api.post(PATH, {"query": "crane", "limit": 50})
    api.post(PATH, {"query": "crane"})
    assert asked == [(document.workspace, "crane", 50), (document.workspace, "crane", 10)]


def test_it_finds_nothing_where_nothing_is(api: Program) -> None:
    assert api.post(PATH, {"query": "crane"}).json() == {"results": [], "notes": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"), ({"query": ""}, "query"), ({"query": None}, "query"), ({"query": 7}, "query"), ({"query": ["crane"]}, "query"),
        ({"query": "a\0b"}, "query"), ({"query": "x" * 32_001}, "query"), ({"query": "x", "limit": 0}, "limit"),
        ({"query": "x", "limit": 51}, "limit"), ({"query": "x", "limit": "5"}, "limit"), ({"query": "x", "limit": True}, "limit"),
        ({"query": "x", "workspace": "elsewhere"}, "workspace"), ({"query": "x", "user": 1}, "user"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused(api: Program, asked: list[Any], body: object, field: str) -> None:
    answer = api.post(PATH, body)
    assert refusal(answer) == (422, "invalid")
    assert list(answer.json()["error"]["fields"]) == [field]
    assert asked == []
