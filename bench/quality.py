"""python -m bench.quality PACK [--url URL --key KEY --workspace SLUG] [--out RESULTS.jsonl] [--ask N]

How well search finds and how well quotes answer, through the product's own doors. PACK is a folder with `docs/` and
`queries.jsonl`: {"id", "query", "relevant": [file names], "evidence": [strings], "answers": [strings]} a line.
Without --url it brings up an installation of its own. --out keeps the results for another judge; --ask asks the first
N questions that have answers as messages, and looks for the answer in the quotes.
"""

from __future__ import annotations

import argparse
import json
import mimetypes
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx

from bench.installation import WORKSPACE, Installation
from bench.measures import Result, answered_by, evidence_recall, hits_at, mean, ndcg

LIMIT = 20
AT_ONCE = 4
PAGE = 1_000
ANSWER_WITHIN_S = 60
ENDED = {"done", "stopped", "failed"}


class Product:
    """A workspace of a running installation, by its doors for programs."""

    def __init__(self, *, url: str, key: str, workspace: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)
        self._workspace = f"/api/workspaces/{workspace}"

    def upload(self, path: Path) -> None:
        """Put a file on the shelf."""
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._send("POST", f"{self._workspace}/documents", files={"file": (path.name, path.read_bytes(), kind)})

    def documents(self) -> Iterator[dict[str, Any]]:
        """Every document with its status, page by page."""
        cursor = ""
        while True:
            page = self._send("GET", f"{self._workspace}/documents", params={"limit": PAGE, **({"cursor": cursor} if cursor else {})})
            yield from page["results"]
            cursor = page.get("next") or ""
            if not cursor:
                return

    def search(self, query: str) -> list[dict[str, Any]]:
        """The best passages."""
        results: list[dict[str, Any]] = self._send("POST", f"{self._workspace}/search", json={"query": query, "limit": LIMIT})["results"]
        return results

    def ask(self, question: str) -> list[str]:
        """The quotes of the answer to `question`, asked in a conversation of its own."""
        conversation = self._send("POST", f"{self._workspace}/conversations", json={})["id"]
        messages = f"/api/conversations/{conversation}/messages"
        self._send("POST", messages, json={"text": question})
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while time.monotonic() < deadline:
            answer = self._send("GET", messages)["messages"][-1]
            if answer["role"] == "assistant" and answer["status"] in ENDED:
                return [citation["quote"] for citation in answer["citations"]]
            time.sleep(0.05)
        raise SystemExit(f"No answer within {ANSWER_WITHIN_S} s: {question}")

    def _send(self, method: str, path: str, **request: Any) -> Any:
        """The body of the answer. Waits where the product says that it was asked too much."""
        while True:
            response = self._http.request(method, path, **request)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return response.raise_for_status().json()
            time.sleep(float(response.headers.get("Retry-After", 1)))


def upload_all(product: Product, docs: Sequence[Path]) -> float:
    """Upload `docs` and wait until all are read; the seconds that it took."""
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(product.upload, docs))
    while not all(document["status"] in {"ready", "failed"} for document in product.documents()):
        time.sleep(1)
    for document in product.documents():
        if document["status"] == "failed":
            print(f"failed: {document['name']}: {document['reason']}")
    return time.monotonic() - began


def measure_search(product: Product, queries: Sequence[dict[str, Any]]) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """The measures over all queries that have a relevant document, and the results for another judge."""
    rows: list[dict[str, float]] = []
    kept: list[dict[str, Any]] = []
    for query in queries:
        began = time.perf_counter()
        found = product.search(query["query"])
        row = {"ms": (time.perf_counter() - began) * 1000}
        kept.append(
            {"id": query["id"], "results": [{"doc": hit["document"]["name"], "text": hit["text"], "score": hit["score"]} for hit in found]}
        )
        if query["relevant"]:
            rows.append(row | _measures(query, [Result(hit["document"]["name"], hit["text"]) for hit in found]))
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: mean([row[name] for row in rows if name in row]) for name in names}, kept


def _measures(query: dict[str, Any], results: list[Result]) -> dict[str, float]:
    relevant = query["relevant"]
    row = {"hits@1": hits_at(1, results, relevant), "hits@10": hits_at(10, results, relevant), "ndcg@10": ndcg(results, relevant)}
    if query.get("evidence"):
        row["evidence recall in 4,000 characters"] = evidence_recall(results, relevant, query["evidence"])
    return row


def measure_quotes(product: Product, queries: Sequence[dict[str, Any]]) -> dict[str, float]:
    """How often the answer stands in the first quote and in one of the first three, and how often nothing is quoted."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        quoted = list(pool.map(product.ask, (query["query"] for query in queries)))
    pairs = list(zip(quoted, (query["answers"] for query in queries), strict=True))
    return {
        "answer in the first quote": mean([answered_by(quotes[:1], answers) for quotes, answers in pairs]),
        "answer in the first three": mean([answered_by(quotes[:3], answers) for quotes, answers in pairs]),
        "nothing quoted": mean([not quotes for quotes in quoted]),
        "quotes an answer": mean([len(quotes) for quotes in quoted]),
    }


def run(product: Product, options: argparse.Namespace) -> None:
    """Fill the workspace, ask, and print."""
    queries = [json.loads(line) for line in (options.pack / "queries.jsonl").read_text(encoding="utf-8").splitlines() if line]
    docs = sorted((options.pack / "docs").iterdir())
    print(f"{len(docs)} files ready after {upload_all(product, docs):.0f} s")
    figures, results = measure_search(product, queries)
    if options.out:
        options.out.write_text("".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results), encoding="utf-8")
    asked = [query for query in queries if query.get("answers")][: options.ask]
    for name, figure in (figures | (measure_quotes(product, asked) if asked else {})).items():
        print(f"{name:40} {figure:8.4f}")


def main() -> None:
    """Read the command line, and bring up an installation where none is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--key")
    parser.add_argument("--workspace", default=WORKSPACE)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--ask", type=int, default=200)
    options = parser.parse_args()
    with nullcontext(options) if options.url else Installation() as running:
        run(Product(url=running.url, key=running.key, workspace=options.workspace), options)


if __name__ == "__main__":
    main()
