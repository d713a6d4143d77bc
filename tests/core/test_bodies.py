"""Request bodies, before Django sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest

from apps.core.bodies import MULTIPART_MAX_BYTES, BodyLimit, Gate
from apps.core.errors import ProductError

UPLOAD = "/api/workspaces/harbour/documents"
Message = MutableMapping[str, Any]


@pytest.fixture(autouse=True)
def _small(settings: Any) -> None:
    settings.BODY_MAX_BYTES = 100
    settings.BODY_WITH_IMAGES_MAX_BYTES = 500
    settings.UPLOAD_MAX_BYTES = 1000


async def open_gate(scope: Message) -> None:
    """Everybody may send a file."""


class Exchange:
    """One request to an application that reads the whole body, as Django does."""

    def __init__(
        self, parts: Iterable[bytes], path: str = "/", method: str = "POST", declared: bytes | None = None, gate: Gate = open_gate
    ) -> None:
        headers = [] if declared is None else [(b"content-length", declared)]
        self.gate = gate
        self.scope: Message = {"type": "http", "method": method, "path": path, "headers": headers}
        self.parts = list(parts)
        self.left = list(self.parts)
        self.sent: list[Message] = []
        self.seen: bytes | None = None

    async def receive(self) -> Message:
        """The next part of the body."""
        if not self.left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.left.pop(0), "more_body": bool(self.left)}

    async def send(self, message: Message) -> None:
        """Keep what was answered."""
        self.sent.append(message)

    async def application(self, _scope: Message, receive: Any, send: Any) -> None:
        """Read everything, then answer; nothing to a client that is gone."""
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message.get("more_body", False)
        self.seen = body
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    async def run(self) -> int:
        """The status that the client got."""
        await BodyLimit(self.application, self.gate)(self.scope, self.receive, self.send)
        return int(self.sent[0]["status"])


async def test_a_small_body_passes() -> None:
    exchange = Exchange([b"x" * 60, b"y" * 40], declared=b"100")
    assert await exchange.run() == 200
    assert exchange.seen == b"x" * 60 + b"y" * 40


@pytest.mark.parametrize("declared", [b"101", b"99999999999999999999"])
async def test_a_body_that_says_it_is_too_large_never_starts(declared: bytes) -> None:
    exchange = Exchange([b"x"], declared=declared)
    assert await exchange.run() == 413
    assert exchange.seen is None


async def test_a_body_that_turns_out_too_large_is_cut() -> None:
    exchange = Exchange([b"x" * 60] * 3)
    assert await exchange.run() == 413
    assert exchange.seen is None


async def test_a_body_that_lies_about_its_size_is_cut() -> None:
    exchange = Exchange([b"x" * 101], declared=b"5")
    assert await exchange.run() == 413


@pytest.mark.parametrize("declared", [b"", b"-5", b"abc", "²".encode()])
async def test_a_size_that_is_none_is_counted(declared: bytes) -> None:
    assert await Exchange([b"x" * 101], declared=declared).run() == 413
    assert await Exchange([b"x" * 100], declared=declared).run() == 200


async def test_the_refusal_has_the_form_of_the_openai_api_below_its_address() -> None:
    exchange = Exchange([b"x" * 501], "/v1/chat/completions")
    await exchange.run()
    error = json.loads(exchange.sent[1]["body"])["error"]
    assert (error.pop("message") != "", error) == (True, {"type": "invalid_request_error", "param": None, "code": "too_large"})


@pytest.mark.parametrize(("path", "passes"), [("/v1/chat/completions", True), ("/v1/responses", False), ("/", False)])
async def test_a_body_with_images_may_be_larger(path: str, passes: bool) -> None:
    exchange = Exchange([b"x" * 499], path)
    await exchange.run()
    assert (exchange.sent[0]["status"] == 413) is not passes


async def test_the_refusal_has_the_form_of_the_api() -> None:
    exchange = Exchange([b"x" * 101])
    await exchange.run()
    start, content, end = exchange.sent
    error = json.loads(content["body"])["error"]
    assert (error["code"], set(error)) == ("too_large", {"code", "message"})
    assert dict(start["headers"])[b"connection"] == b"close"
    assert end.get("more_body", False) is False


async def test_the_rest_is_read_so_that_the_answer_arrives() -> None:
    exchange = Exchange([b"x" * 60] * 20)
    await exchange.run()
    assert exchange.left == []


async def test_a_client_that_sends_no_more_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.bodies.LINGER_S", 0.05)
    exchange = Exchange([b"x" * 101], declared=b"500")
    exchange.receive = Silent()  # type: ignore[method-assign]
    assert await exchange.run() == 413


class Silent:
    """A client that waits for ever."""

    async def __call__(self) -> Message:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/me/picture/", 15 * 1024 * 1024), ("POST", "/me/picture/x", 100),
        ("POST", UPLOAD, 1000 + MULTIPART_MAX_BYTES), ("PUT", UPLOAD, 100), ("POST", UPLOAD + "/x", 100), ("POST", "/x" + UPLOAD, 100),
        ("POST", UPLOAD + "\n", 100), ("POST", "/api/workspaces/a/b/documents", 100), ("POST", "/api/workspaces/harbour/search", 100),
    ],
)  # fmt: skip
async def test_only_uploads_may_be_large(method: str, path: str, limit: int) -> None:
    assert await Exchange([b"x" * limit], path, method).run() == 200
    assert await Exchange([b"x" * (limit + 1)], path, method).run() == 413


@pytest.mark.parametrize(("path", "status"), [(UPLOAD, 411), ("/api/workspaces/harbour/search", 200)])
async def test_a_file_comes_with_its_size(path: str, status: int) -> None:
    exchange = Exchange([b"x" * 50], path)
    exchange.scope["headers"] = [(b"transfer-encoding", b"chunked")]
    assert await exchange.run() == status
    assert (exchange.seen is None) == (status == 411)


async def test_what_is_not_welcome_is_never_read() -> None:
    class Unwelcome(ProductError):
        headers = {"Retry-After": "9"}

    async def gate(scope: Message) -> ProductError:
        return Unwelcome()

    exchange = Exchange([b"x" * 60] * 3, UPLOAD, gate=gate)
    assert await exchange.run() == 400
    assert (exchange.seen, exchange.left) == (None, [])
    assert dict(exchange.sent[0]["headers"])[b"retry-after"] == b"9"


async def test_only_uploads_have_a_gate() -> None:
    async def gate(scope: Message) -> ProductError:
        raise AssertionError

    assert await Exchange([b"x"], "/api/workspaces/harbour/search", gate=gate).run() == 200
