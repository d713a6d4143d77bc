"""python -m bench.load

What loading a model does to everybody else: four long answers of a small model are written, then another model of about 1 GB is chosen
and asked. Printed are the 95th percentiles of a page and of the gap between two frames of an answer while it loads, as ratios to the same
before; and how many of the four answers were lost by the change. Both models are gemma4 of random weights, written for this.

"While it loads" is from the choice to the other model's first word, its prompt included: by then both compute on the same cores.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.asking import SILENCE_MAX_S, Tab, open_socket, sign_in
from bench.installation import WORKSPACE, Installation
from tests.gguf_writer import Shape, write_gemma4

ANSWERS = 4
TOKENS = 1500
BEFORE_S = 4.0
WARM_S = 2.0
PAUSE_S = 0.05
SMALL = Shape("small", width=384, layers=12, heads=4, head_dim=128, feed_forward=1536, words=16_384)
LARGE = Shape("large", width=2048, layers=7, heads=8, head_dim=256, feed_forward=10_240, per_layer=64, words=16_384)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that took a while, and when it was over."""

    at: float
    took_s: float


def gaps(times: Sequence[float]) -> list[Event]:
    """The time between each two frames."""
    return [Event(after, after - before) for before, after in itertools.pairwise(times)]


def p95(events: Iterable[Event], begin: float, end: float) -> float:
    """The 95th percentile of what was over between these moments, in seconds. Raises SystemExit where nothing was."""
    known = sorted(event.took_s for event in events if begin <= event.at <= end)
    if not known:
        raise SystemExit("Nothing happened in the time that was to be measured.")
    return known[-(-len(known) * 95 // 100) - 1]


class Visitor:
    """Opens a page again and again, from `with` to its end."""

    def __init__(self, url: str, cookies: str) -> None:
        self._url, self._headers = f"{url}/w/{WORKSPACE}/", {"Cookie": cookies}
        self.events: list[Event] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._visit)

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _visit(self) -> None:
        with httpx.Client(headers=self._headers, trust_env=False) as browser:
            while not self._is_over.wait(PAUSE_S):
                began = time.perf_counter()
                browser.get(self._url).raise_for_status()
                now = time.perf_counter()
                self.events.append(Event(now, now - began))


class Reader:
    """Asks one long question; `times` are those of its frames."""

    def __init__(self, tab: Tab, number: int) -> None:
        self._tab, self._number = tab, number
        self.times: list[float] = []

    def read(self) -> bool:
        """Whether the whole answer came."""
        try:
            answer = self._tab.ask(f"Question {self._number}?", lambda _text: self.times.append(time.perf_counter()))
        except SystemExit as error:
            print(error)
            return False
        return bool(answer.text)


def first_word(url: str, key: str) -> float:
    """When the other model has written one token."""
    request = {"model": "large", "max_tokens": 1, "messages": [{"role": "user", "content": "Are you there?"}]}
    headers = {"Authorization": f"Bearer {key}"}
    httpx.post(f"{url}/v1/chat/completions", headers=headers, json=request, timeout=SILENCE_MAX_S, trust_env=False).raise_for_status()
    return time.perf_counter()


@dataclass(frozen=True, slots=True)
class Figures:
    """What was seen: percentiles in seconds before and while the other model was loaded, and what became of the answers."""

    page_before_s: float
    page_s: float
    gap_before_s: float
    gap_s: float
    loading_s: float
    lost: int

    def __str__(self) -> str:
        pages = f"page p95 {1000 * self.page_s:.0f} ms, {self.page_s / self.page_before_s:.2f} of before"
        streams = f"gap p95 {1000 * self.gap_s:.0f} ms, {self.gap_s / self.gap_before_s:.2f} of before"
        return f"{pages}; {streams}; loading took {self.loading_s:.1f} s; answers lost: {self.lost} of {ANSWERS}"


def measure(product: Installation, tabs: Sequence[Tab], cookies: str) -> Figures:
    """Four answers, a change of model under them, and the page all the while."""
    readers = [Reader(tab, number) for number, tab in enumerate(tabs)]
    with ThreadPoolExecutor(ANSWERS) as pool, Visitor(product.url, cookies) as visitor:
        ended = [pool.submit(reader.read) for reader in readers]
        time.sleep(WARM_S)
        begin = time.perf_counter()
        time.sleep(BEFORE_S)
        before = time.perf_counter()
        product.manage("models", "use", "large")
        chosen = time.perf_counter()
        loaded = first_word(product.url, product.key)
        pages, frames = visitor.events, [gap for reader in readers for gap in gaps(reader.times)]
        figures = (p95(pages, begin, before), p95(pages, chosen, loaded), p95(frames, begin, before), p95(frames, chosen, loaded))
        lost = sum(not one.result() for one in ended)
    return Figures(*figures, loading_s=loaded - chosen, lost=lost)


def main() -> None:
    """Bring up an installation with two models of its own, measure, and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")))
        options = {"GEMMAWEB_SLOTS": ANSWERS + 1, "GEMMAWEB_ANSWER_MAX_TOKENS": TOKENS}
        product = stack.enter_context(Installation(**{name: str(value) for name, value in options.items()}))
        for shape in (SMALL, LARGE):
            path = write_gemma4(folder / f"{shape.name}.gguf", shape)
            print(f"{shape.name}: {path.stat().st_size / 1e6:.0f} MB", flush=True)
            product.manage("models", "add", str(path), "--name", shape.name)
        product.manage("models", "use", "small")
        cookies = sign_in(product.url)
        tabs = [Tab(stack.enter_context(open_socket(product.url, cookies))) for _ in range(ANSWERS)]
        tabs[0].ask("Are you there?")
        print(measure(product, tabs, cookies))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
