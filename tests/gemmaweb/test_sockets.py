"""Which pages may open a socket."""

from __future__ import annotations

from typing import Any

import pytest

from gemmaweb.sockets import SameOriginSockets


async def is_let_in(client: str = "192.168.7.9", **headers: str) -> bool:
    """Whether the application behind the door saw the socket."""
    seen, coming = [], ["websocket.connect", "websocket.disconnect"]

    async def application(*_args: object) -> None:
        seen.append(True)

    async def receive() -> dict[str, object]:
        return {"type": coming.pop(0), "code": 1006}

    async def send(message: dict[str, Any]) -> None:
        assert message["type"] == "websocket.close"

    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    await SameOriginSockets(application)({"type": "websocket", "client": (client, 1), "headers": pairs}, receive, send)
    return bool(seen)


@pytest.fixture(autouse=True)
def _names(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "192.168.7.20", "[::1]", "chat.example.org"]
    settings.TRUSTED_PROXIES = ["10.1.0.0/16"]


@pytest.mark.parametrize("host", ["localhost:8000", "192.168.7.20:8000", "[::1]:8000", "chat.example.org", "CHAT.example.org"])
async def test_our_own_page_comes_in(host: str) -> None:
    assert await is_let_in(host=host, origin=f"http://{host}")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:3000",
        "http://localhost",
        "http://localhost:8000.evil.example",
        "null",
        "",
        "localhost:8000",
        "http://[::1",
        "http://localhost:8000@evil.example",
    ],
)
async def test_another_page_does_not(origin: str) -> None:
    assert not await is_let_in(host="localhost:8000", origin=origin)


async def test_a_program_without_a_page_does_not() -> None:
    assert not await is_let_in(host="localhost:8000")
    assert not await is_let_in()


async def test_a_name_that_is_not_ours_does_not() -> None:
    assert not await is_let_in(host="evil.example", origin="http://evil.example")


async def test_behind_a_trusted_proxy_its_name_counts() -> None:
    proxied = {"host": "127.0.0.1:8000", "x_forwarded_host": "chat.example.org", "origin": "https://chat.example.org"}
    assert await is_let_in("10.1.0.7", **proxied)
    assert not await is_let_in("10.9.0.7", **proxied)


async def test_a_socket_of_this_machine_has_no_address() -> None:
    assert not await is_let_in("", host="evil.example", origin="http://evil.example")
