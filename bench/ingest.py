"""python -m bench.ingest [FOLDER]

What the product costs between a file and its passages: every file of FOLDER (500 notes, 20 reports and a book of 350 pages where none
is given) is sent through the door for programs, four at a time, and timed from the first byte to the last file that is ready. Beside it,
in the same run, the same files by the same parsers in this process and nothing else: one core, no child, no database. (It is not
jailed: no hostile files.)

Then books of 350 pages are read while two tabs ask a model without pause: how much of their text they still get, and how much longer a
book takes. The model is written for it: gemma4 with 38 M random weights, fast enough to be hard to stand beside.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from apps.documents.parsing.errors import ParseError
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.parsers import PARSERS
from apps.documents.parsing.places import Reading
from apps.documents.parsing.sniff import sniff
from bench.asking import Tab, open_socket, sign_in
from bench.corpus import book, write_corpus
from bench.engine import SHAPE, TOKENS
from bench.installation import WORKSPACE, Installation
from tests.gguf_writer import write_gemma4

SENT_AT_ONCE = 4
LOOK_EVERY_S = 0.25
PATIENCE_S = 1_800
TABS = 2
ALONE_S = 10.0
BOOKS = 4
COUNT_CHUNKS = "from apps.documents.models import Chunk; print(Chunk.objects.count())"
TAKEN_OR_REFUSED = {202, 400, 409, 413, 422}
UNFINISHED = ("queued", "reading", "indexing")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a folder took: by the product from upload to ready, and by the parsers alone."""

    files: int
    failed: int
    size_mb: float
    chunks: int
    product_s: float
    raw_s: float

    def __str__(self) -> str:
        per_s = [amount / self.product_s for amount in (self.size_mb, self.files, self.chunks)]
        ready = f"{self.files} files of {self.size_mb:.1f} MB: ready after {self.product_s:.1f} s, {self.failed} failed"
        speed = "{:.2f} MB/s, {:.1f} files/s, {:.0f} chunks/s".format(*per_s)
        return f"{ready}; {speed}; {self.product_s / self.raw_s:.1f} times the {self.raw_s:.2f} s of the parsers alone on one core"


class Shelf:
    """The workspace's documents, through the door for programs."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120, trust_env=False)
        self._address = f"/api/workspaces/{WORKSPACE}/documents"

    def send(self, name: str, data: bytes) -> None:
        """Upload a file. Raises SystemExit where it is refused for another reason than being empty or there already."""
        answer = self._http.post(self._address, files={"file": (name, data)})
        if answer.status_code not in {
            httpx.codes.ACCEPTED,
            httpx.codes.CONFLICT,
            httpx.codes.UNPROCESSABLE_ENTITY,
            httpx.codes.BAD_REQUEST,
        }:
            raise SystemExit(f"{name} was refused: {answer.text}")

    def send_all(self, paths: Sequence[Path]) -> None:
        """Upload these files, SENT_AT_ONCE of them at a time."""
        with ThreadPoolExecutor(SENT_AT_ONCE) as pool:
            list(pool.map(lambda path: self.send(path.name, path.read_bytes()), paths))

    def wait(self) -> None:
        """Until nothing waits and nothing is being read. Raises SystemExit after PATIENCE_S."""
        deadline = time.monotonic() + PATIENCE_S
        while any(self.has(status) for status in UNFINISHED):
            if time.monotonic() > deadline:
                raise SystemExit("The files were not read.")
            time.sleep(LOOK_EVERY_S)

    def has(self, status: str) -> bool:
        """Whether some document is in this state."""
        return bool(self._page(status, limit=1)["results"])

    def count(self, status: str) -> int:
        """How many documents are in this state."""
        counted, cursor = 0, None
        while True:
            page = self._page(status, limit=1000, cursor=cursor)
            counted += len(page["results"])
            if not (cursor := page["next"]):
                return counted

    def _page(self, status: str, *, limit: int, cursor: str | None = None) -> dict[str, Any]:
        asked: dict[str, str | int] = {"status": status, "limit": limit, **({"cursor": cursor} if cursor else {})}
        answer = self._http.get(self._address, params=asked)
        answer.raise_for_status()
        page: dict[str, Any] = answer.json()
        return page


def parse_alone(paths: Sequence[Path]) -> float:
    """The seconds that the parsers take for `paths` in this process, their libraries loaded already."""
    kinds = [sniff(path, name=path.name) for path in paths]
    parsers = {kind: importlib.import_module(PARSERS[kind]) for kind in kinds}
    began = time.perf_counter()
    for path, kind in zip(paths, kinds, strict=True):
        with suppress(ParseError):  # the product says why; here only the time counts
            parsers[kind].read(path.read_bytes(), Reading(Limits(), lambda message: None))
    return time.perf_counter() - began


def measure_folder(product: Installation, paths: Sequence[Path]) -> Figures:
    """Send, wait, count."""
    shelf = Shelf(product.url, product.key)
    began = time.perf_counter()
    shelf.send_all(paths)
    shelf.wait()
    product_s = time.perf_counter() - began
    return Figures(
        files=len(paths),
        failed=shelf.count("failed"),
        size_mb=sum(path.stat().st_size for path in paths) / 1e6,
        chunks=int(product.manage("shell", "--no-imports", "-c", COUNT_CHUNKS)),
        product_s=product_s,
        raw_s=parse_alone(paths),
    )


@contextmanager
def _asking(tabs: Sequence[Tab]) -> Iterator[list[tuple[float, int]]]:
    """Meanwhile all `tabs` ask without pause: when a piece of text came, in seconds of `time.perf_counter`, and of how many characters."""
    is_over, pieces = Event(), list[tuple[float, int]]()

    def ask(tab: Tab) -> None:
        while not is_over.is_set():
            tab.ask("And then?", on_text=lambda text: pieces.append((time.perf_counter(), len(text))))

    with ThreadPoolExecutor(len(tabs)) as pool:
        asking = [pool.submit(ask, tab) for tab in tabs]
        try:
            yield pieces
        finally:
            is_over.set()
            for each in asking:
                each.result()


def chars_per_s(pieces: Sequence[tuple[float, int]], began: float, ended: float) -> float:
    """Of the text that came between `began` and `ended`."""
    return sum(chars for at, chars in pieces if began < at <= ended) / (ended - began)


def measure_beside(product: Installation, tabs: Sequence[Tab]) -> str:
    """Books alone, then chat alone, then other books beside it."""
    shelf = Shelf(product.url, product.key)
    alone_s = _read_books(shelf, first=10)
    with _asking(tabs) as pieces:
        began = time.perf_counter()
        time.sleep(ALONE_S)
        read_from = time.perf_counter()
        beside_s = _read_books(shelf, first=20)
        read_to = time.perf_counter()
    quiet, busy = chars_per_s(pieces, began, read_from), chars_per_s(pieces, read_from, read_to)
    return (
        f"chat beside books of 350 pages: {busy / quiet:.2f} of its speed alone ({quiet:.0f} characters/s); "
        f"a book is ready {beside_s:.1f} s after it was sent beside chat, {alone_s:.1f} s alone"
    )


def _read_books(shelf: Shelf, *, first: int) -> float:
    """The seconds from sending a book to ready: the mean of BOOKS, one after the other."""
    books = [book(seed) for seed in range(first, first + BOOKS)]
    began = time.perf_counter()
    for number, data in enumerate(books, first):
        shelf.send(f"book {number}.pdf", data)
        shelf.wait()
    return (time.perf_counter() - began) / BOOKS


def main() -> None:
    """Bring up an installation, measure both, and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")))
        given = [path for path in sorted(Path(sys.argv[1]).rglob("*")) if path.is_file()] if len(sys.argv) > 1 else []
        (folder / "files").mkdir()
        paths = given or write_corpus(folder / "files")
        model = write_gemma4(folder / "stream.gguf", SHAPE)
        options = {"GEMMAWEB_CONTEXT_TOKENS": 8192, "GEMMAWEB_ANSWER_MAX_TOKENS": TOKENS}
        product = stack.enter_context(Installation(**{name: str(value) for name, value in options.items()}))
        print(measure_folder(product, paths))
        product.manage("models", "add", str(model), "--name", "stream")
        product.manage("models", "use", "stream")
        cookies = sign_in(product.url)
        tabs = [Tab(stack.enter_context(open_socket(product.url, cookies))) for _ in range(TABS)]
        tabs[0].ask("Are you there?")  # the model is loaded
        print(measure_beside(product, tabs))


if __name__ == "__main__":
    main()
