"""The running product, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.acting import ADA, NARROW, WIDE
from tests.conftest import PASSWORD
from tests.gguf_writer import Shape, write_gemma4
from tests.product import Product

LAN_NAME = "gemma.lan"
# Slow enough to look at an answer while it is written.
SLOW = Shape(name="slow", width=256, layers=12, feed_forward=1024)
SETTINGS = {"GEMMAWEB_ALLOWED_HOSTS": LAN_NAME, "GEMMAWEB_ANSWER_MAX_TOKENS": "3072"}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SPEED_UP = [
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu",
    f"--host-resolver-rules=MAP {LAN_NAME} 127.0.0.1",
]  # fmt: skip
OpenPage = Callable[..., Page]
expect.set_options(timeout=60_000)  # the machine may have other things to do


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The running product with Ada as its administrator and owner of the workspace `team`. A module may have its own."""
    # llama.cpp's threads wait by spinning, unless told otherwise: the browser wants its share of the processor
    running = Product(tmp_path_factory.mktemp("product") / "home", **SETTINGS)
    running.start()
    running.manage("createadmin", "--email", ADA, "--password-stdin", given=PASSWORD)
    yield running
    running.stop()


@pytest.fixture(scope="package")
def installed(product: Product, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a model that speaks in invented words, a few hundred in a second."""
    product.manage("models", "add", str(write_gemma4(tmp_path_factory.mktemp("models") / "slow.gguf", SLOW)), "--name", "slow")
    return "slow"


@pytest.fixture(scope="module")
def model(product: Product, installed: str) -> Iterator[None]:
    """Let the model answer in this module's tests; in the others the documents' own words do."""
    product.manage("models", "use", installed)
    yield
    product.manage("models", "use", "quote")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it. Package-wide and no longer: it leaves an event loop in this thread while it lives."""
    executable = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=SPEED_UP, chromium_sandbox=os.geteuid() != 0)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, product: Product) -> Iterator[OpenPage]:
    """Opens a page in a browser profile of its own. Anything that a page reports as an error, or asks of another host, fails the test."""
    with opener(browser, product) as open_one:
        yield open_one


@contextmanager
def opener(browser: Browser, product: Product) -> Iterator[OpenPage]:
    """`open_page` for as long as the block lasts."""
    contexts, complaints = [], []

    def open_one(path: str = "/", *, viewport: ViewportSize = WIDE, dark: bool = False, host: str = "") -> Page:
        address = product.address.replace("127.0.0.1", host) if host else product.address
        context = browser.new_context(
            base_url=address, viewport=viewport, color_scheme="dark" if dark else "light", locale="en-GB", has_touch=viewport == NARROW
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        context.add_init_script("addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))")
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("console", lambda message: complaints.append(f"console: {message.text}") if "CSP" in message.text else None)
        page.on("request", lambda request: None if request.url.startswith((address, "data:", "blob:")) else complaints.append(request.url))
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []
