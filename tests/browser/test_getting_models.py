"""A model is got on the administrator's page, from a hub on this machine: progress, stop, go on, a wrong file, use, remove."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.acting import ADA, NARROW, WIDE, save, sign_in
from tests.browser.conftest import OpenPage, opener
from tests.browser.test_german import SPILLS
from tests.conftest import PASSWORD
from tests.gguf_writer import Shape, write_gemma4
from tests.inference.hub_server import BLOCK_BYTES, LocalHub, instead, write_catalogue
from tests.product import Product, wait_until

FOR_ALL_S = 15  # slow enough to look at
MEMORY = "memory = { global_layers = 3, sliding_layers = 9, global_kv_heads = 1, sliding_kv_heads = 1, window = 512 }\n"
BEGUN = "share => { const bar = document.querySelector('.model-state progress'); return bar && bar.value / bar.max > share }"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of a few megabytes."""
    return write_gemma4(tmp_path_factory.mktemp("models") / "small.gguf", Shape(width=256, layers=12)).read_bytes()


@pytest.fixture(scope="module")
def hub(data: bytes) -> Iterator[LocalHub]:
    """A hub that has the model."""
    running = LocalHub()
    running.serve(data)
    yield running
    running.close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, hub: LocalHub, data: bytes) -> Iterator[Product]:
    """A product of its own that knows this hub only."""
    folder = tmp_path_factory.mktemp("product")
    catalogue = write_catalogue(folder / "catalogue.toml", data)
    with catalogue.open("a") as file:
        file.write(MEMORY)  # without it nobody can say that it fits this machine
    running = Product(folder / "home", HF_ENDPOINT=hub.address, GEMMAWEB_CATALOGUE=str(catalogue))
    running.start()
    running.manage("createadmin", "--email", ADA, "--password-stdin", given=PASSWORD)
    yield running
    running.stop()


@pytest.fixture
def open_page(browser: Browser, product: Product) -> Iterator[OpenPage]:
    """Pages of this product."""
    with opener(browser, product) as open_one:
        yield open_one


def share(page: Page) -> float:
    """How far the bar is."""
    found: float = page.locator(".model-state progress").evaluate("bar => bar.value / bar.max")
    return found


def look(page: Page, name: str, size: ViewportSize) -> None:
    """Nothing is wider than the page; a picture for who wants one."""
    assert [part for part in page.evaluate(SPILLS) if not part.startswith("<input")] == []
    save(page, f"getting-{name}" + ("-narrow" if size == NARROW else ""))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_model_is_got_stopped_gone_on_with_used_and_removed(
    open_page: OpenPage, hub: LocalHub, data: bytes, product: Product, size: ViewportSize, dark: bool
) -> None:
    hub.asked.clear()
    hub.pause_s = FOR_ALL_S * BLOCK_BYTES / len(data)
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto("/admin/models/")
    name = "dark" if dark else "light"
    page.get_by_role("button", name="Get Small", exact=True).click()
    expect(page.get_by_text("It is being fetched.")).to_be_visible()
    expect(page.get_by_text("left")).to_be_visible()
    page.wait_for_function(BEGUN, arg=0.05)
    before = share(page)
    page.wait_for_function(BEGUN, arg=before)
    look(page, f"running-{name}", size)
    left = hub.hung_up
    page.get_by_role("button", name="Stop getting Small").click()
    expect(page.get_by_text("Stopped at")).to_be_visible()
    look(page, f"stopped-{name}", size)
    wait_until(lambda: hub.hung_up > left, "the worker to hang up", within_s=60)
    assert share(page) >= before
    hub.answers, hub.pause_s = [instead(bytes(len(data)))], 0
    hub.tag = '"changed"'  # so that all of it comes anew, and wrong
    page.get_by_role("button", name="Go on getting Small").click()
    expect(page.get_by_text("its SHA-256 is wrong")).to_be_visible()
    look(page, f"wrong-{name}", size)
    page.get_by_role("button", name="Try again to get Small").click()
    expect(page.get_by_role("button", name="Use Small")).to_be_visible()
    assert hub.ranges[0] is None
    assert hub.ranges[1] is not None
    page.get_by_role("button", name="Verify Small").click()
    expect(page.get_by_text("Read whole on")).to_be_visible()
    look(page, f"here-{name}", size)
    page.get_by_role("button", name="Remove Small").click()
    expect(page.get_by_role("dialog", name="Remove Small?")).to_be_visible()
    look(page, f"remove-{name}", size)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Remove Small").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Small was removed.")).to_be_visible()
    expect(page.get_by_role("button", name="Get Small", exact=True)).to_be_visible()
    assert list(Path(product.home, "models").glob("[!.]*")) == []


def test_a_download_goes_on_after_its_worker_was_killed(open_page: OpenPage, hub: LocalHub, data: bytes, product: Product) -> None:
    hub.asked.clear()
    hub.pause_s = FOR_ALL_S * BLOCK_BYTES / len(data)
    page = open_page()
    sign_in(page)
    page.goto("/admin/models/")
    page.get_by_role("button", name="Get Small", exact=True).click()
    page.wait_for_function(BEGUN, arg=0.05)
    os.kill(product.pid_of("ingest"), signal.SIGKILL)
    hub.pause_s = 0
    expect(page.get_by_role("button", name="Use Small")).to_be_visible(timeout=60_000)
    assert hub.ranges[-1] is not None
    product.manage("models", "remove", "small")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_what_a_new_installation_gets_moves_and_is_used_on_the_same_page(
    open_page: OpenPage, hub: LocalHub, data: bytes, product: Product, size: ViewportSize
) -> None:
    hub.pause_s = FOR_ALL_S / 3 * BLOCK_BYTES / len(data)
    page = open_page(viewport=size)
    sign_in(page)
    page.goto("/admin/models/first/")
    page.get_by_role("button", name="Get Small", exact=True).click()
    page.wait_for_function(BEGUN, arg=0.05)
    before = share(page)
    page.wait_for_function(BEGUN, arg=before)
    look(page, "first-running", size)
    expect(page.get_by_role("button", name="Use Small")).to_be_visible(timeout=60_000)
    look(page, "first-here", size)
    page.get_by_role("button", name="Use Small").click()
    expect(page.locator(".chip", has_text="Answers now")).to_be_visible()
    assert page.url.endswith("/admin/models/first/")
    look(page, "first-used", size)
    product.manage("models", "use", "quote")
    product.manage("models", "remove", "small")
