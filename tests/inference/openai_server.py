"""A server of the tests' own that speaks OpenAI's protocol, well or badly; and llama.cpp's, which speaks it well."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from apps.inference.engines.network import read_address
from apps.inference.engines.openai import Backend
from apps.inference.host_process import PROJECT

Script = Callable[["Handler"], None]
OPENED = """
import sys, time
from pathlib import Path
from apps.inference.engines.llama import LlamaModel
model = LlamaModel(Path(sys.argv[1]), slots=2, context_tokens=2048)
print(model._server.listening_address, model._key, flush=True)
sys.stdin.read()
"""


class Handler(BaseHTTPRequestHandler):
    """One request, answered by the server's script."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.server.headers_seen.append(dict(self.headers))
        self.server.on_list(self)

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        self.server.headers_seen.append(dict(self.headers))
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        try:
            self.server.on_chat(self)
        except OSError:
            self.server.hung_up.set()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def say(self, status: int, body: Any, **headers: str) -> None:
        """A whole answer; `body` is JSON unless it is bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def begin(self) -> None:
        """The head of a stream that ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()

    def event(self, chunk: Any) -> None:
        """One event of a stream."""
        data = chunk if isinstance(chunk, str) else json.dumps(chunk)
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def word(self, text: str, **delta: Any) -> None:
        """One piece of an answer."""
        self.event({"choices": [{"index": 0, "delta": {"content": text, **delta}, "finish_reason": None}], "usage": None})

    def end(self) -> None:
        """The last events."""
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
        self.event("[DONE]")
        self.close_connection = True


def answer_well(handler: Handler) -> None:
    """Three words."""
    handler.begin()
    for word in ("It ", "is ", "blue."):
        handler.word(word)
    handler.end()


def list_one(handler: Handler) -> None:
    """Its only model."""
    handler.say(200, {"object": "list", "data": [{"id": "gemma"}]})


class Server(ThreadingHTTPServer):
    """Listens on loopback until it is closed."""

    daemon_threads = True

    def __init__(self, on_chat: Script = answer_well, on_list: Script = list_one) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.on_chat, self.on_list = on_chat, on_list
        self.paths: list[str] = []
        self.headers_seen: list[dict[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.hung_up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def backend(self, **facts: Any) -> Backend:
        """The server as an engine knows it."""
        return Backend(read_address(self.url), "gemma", **facts)


@contextmanager
def serving(on_chat: Script = answer_well, on_list: Script = list_one) -> Iterator[Server]:
    """A server with this script."""
    server = Server(on_chat, on_list)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def llama_server(model: Path) -> Iterator[tuple[str, str]]:
    """Address and key of llama.cpp's own server."""
    command = [sys.executable, "-c", OPENED, str(model)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            url, key = process.stdout.readline().split()
            yield url, key
        finally:
            process.kill()
