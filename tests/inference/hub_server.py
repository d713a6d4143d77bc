"""A model hub on this machine: serves files as the real one does, and misbehaves when it is told to."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REVISION = "0123456789abcdef0123456789abcdef01234567"
BLOCK_BYTES = 64 * 1024
Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; what it gets is said by the hub's `answers`, one after the other, and then by `normal`."""

    protocol_version = "HTTP/1.1"
    hub: LocalHub

    def do_GET(self) -> None:
        self.hub.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        answer = self.hub.answers.pop(0) if self.hub.answers else normal
        self.close_connection = True
        try:
            answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.hub.hung_up += 1

    def log_message(self, *args: object) -> None:
        """Nothing: the test looks at `asked`."""

    def begin(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    @property
    def data(self) -> bytes:
        return self.hub.files[self.path.split("?")[0]]

    @property
    def start(self) -> int:
        """Where the wanted bytes begin; 0 where the condition does not hold, as the standard has it."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        return int(found[1]) if found and condition in (None, self.hub.tag) else 0

    def send(self, data: bytes) -> None:
        """The bytes, a little at a time where the hub is slow."""
        for place in range(0, len(data), BLOCK_BYTES):
            self.wfile.write(data[place : place + BLOCK_BYTES])
            time.sleep(self.hub.pause_s)


class LocalHub:
    """The server; `asked` has each request's path and headers, `pause_s` makes it slow, `hung_up` counts clients that left."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: list[Answer] = []
        self.tag = '"one"'
        self.pause_s = 0.0
        self.hung_up = 0
        handler = type("BoundRequest", (Request,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def ranges(self) -> list[str | None]:
        """The Range of each request so far."""
        return [headers.get("range") for _path, headers in self.asked]

    def serve(self, data: bytes, *, repository: str = "team/small", file: str = "small.gguf") -> None:
        self.files[f"/{repository}/resolve/{REVISION}/{file}"] = data

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def normal(request: Request) -> None:
    """The file, or what is left of it."""
    if request.path.split("?")[0] not in request.hub.files:
        return request.begin(404, Content_Length=0)
    data, start = request.data, request.start
    if start:
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        request.begin(206, Content_Length=len(data) - start, Content_Range=span, ETag=request.hub.tag)
    else:
        request.begin(200, Content_Length=len(data), ETag=request.hub.tag)
    return request.send(data[start:])


def cut_after(count: int) -> Answer:
    """Promise all of it, send `count` bytes, hang up."""

    def answer(request: Request) -> None:
        data, start = request.data, request.start
        span = {"Content_Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        request.begin(206 if start else 200, Content_Length=len(data) - start, ETag=request.hub.tag, **span)
        request.send(data[start : start + count])

    return answer


def deaf_to_ranges(request: Request) -> None:
    """All of it, whatever was asked for."""
    request.begin(200, Content_Length=len(request.data), ETag=request.hub.tag)
    request.send(request.data)


def status(number: int) -> Answer:
    """Only this status."""
    return lambda request: request.begin(number, Content_Length=0)


def lead_to(address: str) -> Answer:
    """To the same path elsewhere, as the real hub leads to its store."""
    return lambda request: request.begin(302, Location=f"{address}{request.path}?signature=x", Content_Length=0)


def instead(data: bytes) -> Answer:
    """Other bytes, and an honest word about how many."""

    def answer(request: Request) -> None:
        request.begin(200, Content_Length=len(data), ETag='"other"')
        request.send(data)

    return answer


def unannounced(data: bytes) -> Answer:
    """These bytes, without a word about how many; the end is where it hangs up."""

    def answer(request: Request) -> None:
        request.begin(200)
        request.send(data)

    return answer


def stall_after(count: int, seconds: float) -> Answer:
    """Some bytes, and then nothing for a while."""

    def answer(request: Request) -> None:
        request.begin(200, Content_Length=len(request.data), ETag=request.hub.tag)
        request.send(request.data[:count])
        request.wfile.flush()
        time.sleep(seconds)

    return answer


def write_catalogue(path: Path, data: bytes, *, key: str = "small", name: str = "Small", role: str = "chat", size: int = 0) -> Path:
    """A catalogue with one model: the file that a hub serves as `data`."""
    extra = 'dimensions = 64\npooling = "mean"\n' if role == "embed" else ""
    path.write_text(
        f'[[model]]\nkey = "{key}"\nname = "{name}"\nrole = "{role}"\nrepository = "team/small"\nrevision = "{REVISION}"\n'
        f'file = "small.gguf"\nsize_bytes = {size or len(data)}\nsha256 = "{hashlib.sha256(data).hexdigest()}"\nlicence = "MIT"\n'
        f'context_length = 8192\nmodalities = ["text"]\n{extra}'
    )
    return path
