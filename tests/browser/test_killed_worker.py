"""The worker is killed in mid-answer: another one goes on, and whoever watches reads one unbroken text."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.acting import ask, begun, ended, heard, row_of, sign_in, text_of, written
from tests.browser.conftest import OpenPage
from tests.product import Product

TAKEN_OVER_MS = 45_000

pytestmark = pytest.mark.usefixtures("model")


def test_the_answer_goes_on_after_kill_9(open_page: OpenPage, product: Product) -> None:
    page = open_page()
    sign_in(page)
    frames = heard(page)
    answer = ask(page, "Tell me all of it, whatever happens")
    begun(answer)
    killed = product.pid_of("generation")
    os.kill(killed, signal.SIGKILL)
    shown = text_of(answer)
    expect(answer.get_by_text("A worker was restarted in mid-answer")).to_be_visible(timeout=TAKEN_OVER_MS)
    whole = text_of(ended(answer))
    assert whole.startswith(shown)
    assert len(whole) > len(shown)
    assert whole == row_of(page) == written(frames)  # nothing twice, nothing missing
    assert product.pid_of("generation") != killed
    expect(page.locator("chat-answer")).to_have_count(1)
