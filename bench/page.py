"""python -m bench.page

What each page costs in a crowd: 10,000 people, 500 workspaces, 10,000 conversations of one person and 10,000 documents. Queries, median
milliseconds in the server (one process, no network), and kB of HTML. Then, in Chromium: the bytes that a first visit of the
conversation page fetches, as they travel, and the longest task of the page's one thread while an answer of 1,024 tokens streams.
The machine's cores are shared by browser, model and server, so a task that waits for one lasts longer than it works: both are told.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.engine import SHAPE
from bench.installation import EMAIL, PASSWORD, Installation
from tests.gguf_writer import write_gemma4

SIZES = {"people": 10_000, "workspaces": 500, "conversations": 10_000, "documents": 10_000}
TOKENS = 1_024
LONG_MS = 50
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ANSWER_WITHIN_MS = 180_000
TRACED = {"categories": "devtools.timeline,disabled-by-default-devtools.timeline", "transferMode": "ReportEvents"}
TASKS = frozenset({"RunTask", "ThreadControllerImpl::RunTask"})
FETCHED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map(entry => [new URL(entry.name).pathname, entry.transferSize])"""


def crowd(product: Installation) -> dict[str, dict[str, float]]:
    """What each page costs in the crowd, asked inside a process of the installation."""
    sizes = ", ".join(f"{name}={number}" for name, number in SIZES.items())
    printed = product.manage("shell", "--no-imports", "-c", f"from bench.crowd import report; report({EMAIL!r}, {sizes})")
    found: dict[str, dict[str, float]] = json.loads(printed.splitlines()[-1])
    return found


@contextmanager
def signed_in(url: str) -> Iterator[Page]:
    """A page of Chromium, for as long as the block lasts."""
    executable = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--disable-gpu"], chromium_sandbox=os.geteuid() != 0)
        page = browser.new_page(base_url=url, viewport={"width": 1280, "height": 800})
        page.goto("/accounts/login/")
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Password").press("Enter")
        page.wait_for_url("**/w/**")
        yield page
        browser.close()


def first_visit(page: Page) -> dict[str, int]:
    """The bytes that came with the conversation page for somebody whose browser knows nothing yet, by path."""
    session = page.context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    page.goto("/w/team/", wait_until="networkidle")
    return dict(page.evaluate(FETCHED))


def tasks(page: Page) -> list[tuple[float, float]]:
    """The tasks of the page's one thread while one answer streams: how long each lasted, and how long it had a processor, in ms."""
    events: list[dict[str, Any]] = []
    ended: list[object] = []
    session = page.context.new_cdp_session(page)
    session.on("Tracing.dataCollected", lambda collected: events.extend(collected["value"]))
    session.on("Tracing.tracingComplete", lambda told: ended.append(told))
    session.send("Tracing.start", TRACED)
    page.get_by_label("Your question").fill("And then?")
    page.get_by_label("Your question").press("Enter")
    page.wait_for_selector("chat-answer[data-status=done]", timeout=ANSWER_WITHIN_MS)
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(LONG_MS)
    mains = {thread(event) for event in events if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"}
    done = [event for event in events if event["name"] in TASKS and thread(event) in mains and "dur" in event]  # the last has not ended
    return [(event["dur"] / 1000, event.get("tdur", 0) / 1000) for event in done]


def thread(event: dict[str, Any]) -> tuple[int, int]:
    """Process and thread of a traced event."""
    return event["pid"], event["tid"]


def main() -> None:
    """Bring up an installation, fill it, measure, and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")))
        product = stack.enter_context(Installation(GEMMAWEB_ANSWER_MAX_TOKENS=str(TOKENS)))
        for name, cost in crowd(product).items():
            print(f"{name}: {cost['queries']:.0f} queries, {cost['ms']:.1f} ms, {cost['kb']:.1f} kB")
        product.manage("models", "add", str(write_gemma4(folder / "page.gguf", SHAPE)), "--name", "page")
        product.manage("models", "use", "page")
        page = stack.enter_context(signed_in(product.url))
        fetched = first_visit(page)
        print(f"first visit: {len(fetched)} requests, {sum(fetched.values()) / 1000:.1f} kB")
        lasted, worked = (sorted(figures) for figures in zip(*tasks(page), strict=True))
        print(f"while an answer of {TOKENS} tokens streams: {len(worked)} tasks, the longest works {worked[-1]:.0f} ms")
        print(f"{sum(work > LONG_MS for work in worked)} work, and {sum(last > LONG_MS for last in lasted)} last over {LONG_MS} ms")


if __name__ == "__main__":
    main()
