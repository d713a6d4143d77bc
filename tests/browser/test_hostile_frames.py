"""What a script of somebody signed in may send through the real socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.acting import sign_in
from tests.browser.conftest import OpenPage

SEND = """frame => new Promise(told => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/");
    socket.onopen = () => socket.send(typeof frame === "number" ? "x".repeat(frame) : frame);
    socket.onmessage = message => told(JSON.parse(message.data));
    socket.onclose = event => told({closed: event.code});
})"""


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ada's page."""
    opened = open_page()
    sign_in(opened)
    return opened


def test_a_frame_of_3_mb_closes_the_socket_unread(page: Page) -> None:
    told = page.evaluate(SEND, 3_000_000)
    assert told["closed"] in {1009, 1006}  # the reason is lost where the browser still sends when the server hangs up


@pytest.mark.parametrize(
    "frame",
    [1_000_000, "[" * 100_000, '{"type": "join", "\\ud800": 1}', json.dumps({"type": "stop", "run": 10**4000}), "\x00"],
    ids=["long", "deep", "half a pair", "huge number", "nul"],
)
def test_a_wrong_frame_is_answered_in_a_sentence(page: Page, frame: Any) -> None:
    told = page.evaluate(SEND, frame)
    assert (told["type"], told["code"]) == ("error", "bad_frame")
