"""bench/quality against a product that is scripted: what it sends, how long it waits, and what it counts."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.quality import Product, measure_quotes, measure_search, upload_all

HIT = {"document": {"id": "1", "name": "harbour.txt"}, "title": "", "page": 1, "text": "It closes at nine.", "score": 2.0}


class Doors:
    """Answers as the product's doors do; keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.busy = 1
        self.reading = 1
        self.writing = 1

    def __call__(self, request: httpx.Request) -> httpx.Response:
        door = (request.method, request.url.path.rpartition("/")[2])
        self.sent.append(door)
        if door == ("POST", "search") and self.busy:
            self.busy -= 1
            return httpx.Response(429, headers={"Retry-After": "0"})
        return httpx.Response(200, json=self._answer(door))

    def _answer(self, door: tuple[str, str]) -> dict[str, Any]:
        if door == ("GET", "documents"):
            self.reading, status = max(0, self.reading - 1), "reading" if self.reading else "ready"
            return {"results": [{"name": "harbour.txt", "status": status}], "next": None}
        if door == ("GET", "messages"):
            self.writing, status = max(0, self.writing - 1), "running" if self.writing else "done"
            return {"messages": [{"role": "assistant", "status": status, "citations": [{"quote": "It closes at nine."}]}]}
        return {"results": [HIT]} if door[1] == "search" else {"id": "7"}


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
def product(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> Product:
    monkeypatch.setattr("bench.quality.time.sleep", lambda _: None)
    product = Product(url="http://test", key="k", workspace="team")
    product._http = httpx.Client(base_url="http://test", transport=httpx.MockTransport(doors))
    return product


def test_it_uploads_and_waits_until_all_is_read(product: Product, doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "harbour.txt").write_text("It closes at nine.")
    upload_all(product, list(tmp_path.iterdir()))
    assert doors.sent[0] == ("POST", "documents")
    assert doors.sent.count(("GET", "documents")) == 3


def test_it_measures_search_and_keeps_results_for_another_judge(product: Product) -> None:
    query = {"id": "q1", "query": "When?", "relevant": ["harbour.txt"], "evidence": ["closes at nine"]}
    figures, kept = measure_search(product, [query, query | {"id": "q2", "relevant": ["cats.txt"]}, query | {"id": "q3", "relevant": []}])
    assert {name: figures[name] for name in figures if name != "ms"} == {
        "hits@1": 0.5,
        "hits@10": 0.5,
        "ndcg@10": 0.5,
        "evidence recall in 4,000 characters": 0.5,
    }
    assert json.loads(json.dumps(kept[0])) == {"id": "q1", "results": [{"doc": "harbour.txt", "text": "It closes at nine.", "score": 2.0}]}
    assert len(kept) == 3


def test_it_waits_for_an_answer_and_looks_into_its_quotes(product: Product) -> None:
    figures = measure_quotes(product, [{"query": "When?", "answers": ["Nine"]}, {"query": "Who?", "answers": ["Anna"]}])
    assert figures == {"answer in the first quote": 0.5, "answer in the first three": 0.5, "nothing quoted": 0, "quotes an answer": 1}
