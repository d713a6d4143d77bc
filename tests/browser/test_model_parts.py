"""What belongs to a model, on the administrator's page, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.adapter_writer import write_adapter
from tests.browser.acting import NARROW, WIDE, save, sign_in
from tests.browser.conftest import OpenPage
from tests.browser.test_german import SPILLS
from tests.drafter_writer import write_drafter
from tests.gguf_writer import write_gemma4
from tests.product import Product
from tests.projector_writer import write_projector


@pytest.fixture(scope="module")
def _parts(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A model with an adapter, a projector and a drafter."""
    folder = tmp_path_factory.mktemp("parts")
    product.manage("models", "add", str(write_gemma4(folder / "whole.gguf")), "--name", "whole")
    adapter, eyes, drafter = write_adapter(folder / "a.gguf"), write_projector(folder / "e.gguf"), write_drafter(folder / "d.gguf")
    for path, name in ((adapter, "Our letters"), (eyes, "Eyes"), (drafter, "Guesser")):
        product.manage("models", "add", str(path), "--name", name, "--base", "whole")
    yield
    for name in ("Our letters", "Eyes", "Guesser", "whole"):
        product.manage("models", "remove", name)


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_drafter_is_turned_on_and_off(open_page: OpenPage, size: ViewportSize, dark: bool) -> None:
    page = open_page(viewport=size, dark=dark)
    sign_in(page)
    page.goto("/admin/models/")
    expect(page.get_by_role("button", name="Use Our letters")).to_be_visible()
    page.get_by_role("button", name="Turn Guesser on").click()
    expect(page.get_by_text("Guesser guesses from the next question on.")).to_be_visible()
    assert [part for part in page.evaluate(SPILLS) if not part.startswith("<input")] == []
    page.get_by_role("button", name="Turn Guesser off").scroll_into_view_if_needed()
    save(page, "model-parts" + ("-dark" if dark else "") + ("-narrow" if size == NARROW else ""))
    page.get_by_role("button", name="Turn Guesser off").click()
    expect(page.get_by_role("button", name="Turn Guesser on")).to_be_visible()
