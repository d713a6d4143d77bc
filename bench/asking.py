"""Three ways to the same answer: llama.cpp in this process, the product by the socket of a browser's tab, and by its OpenAI API."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from apps.inference.engines.llama import SAMPLING
from apps.inference.host_process import WAITING
from bench.installation import EMAIL, PASSWORD, WORKSPACE

SILENCE_MAX_S = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as whoever asked for it saw it: when its first text came, all of it, and in how many frames."""

    first_s: float
    text: str
    frames: int


class RawEngine:
    """llama.cpp with nothing between it and who asks."""

    def __init__(self, path: Path, *, system: str, max_tokens: int, slots: int, context_tokens: int) -> None:
        os.environ |= WAITING  # as the product's hosts have it; read once, when the library is loaded
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_parallel = slots
        params.n_ctx = slots * context_tokens
        params.hostnames, params.port = ["127.0.0.1"], 0
        params.verbosity = 1
        self._server = xllamacpp.Server(params)
        self._system = system
        self._max_tokens = max_tokens

    def ask(self, question: str) -> Answer:
        """Wait for the whole answer. Raises SystemExit if it ended before its limit."""
        request = {
            "messages": messages_of(self._system, question),
            "max_tokens": self._max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        chunks: list[tuple[float, Mapping[str, Any]]] = []
        began = time.perf_counter()
        self._server.handle_chat_completions(request | SAMPLING, lambda chunk: chunks.append((time.perf_counter(), chunk)))
        tokens = chunks[-1][1]["usage"]["completion_tokens"]
        if tokens != self._max_tokens:
            raise SystemExit(f"The raw engine wrote {tokens} tokens.")
        pieces = [(at, text) for at, chunk in chunks if (text := _text(chunk))]
        return Answer(pieces[0][0] - began, "".join(text for _, text in pieces), len(pieces))


class Program:
    """A program that reads a stream of the OpenAI API; any number of threads may ask."""

    def __init__(self, url: str, key: str, *, model: str, system: str) -> None:
        self._address = f"{url}/v1/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._model, self._system = model, system
        self._http = httpx.Client(trust_env=False, timeout=SILENCE_MAX_S, limits=httpx.Limits(max_connections=None))

    def ask(self, question: str) -> Answer:
        """Wait for the whole answer. Raises SystemExit if it did not end well."""
        request = {"model": self._model, "messages": messages_of(self._system, question), "stream": True}
        began, first_s, pieces = time.perf_counter(), 0.0, []
        with self._http.stream("POST", self._address, headers=self._headers, json=request) as answer:
            for line in answer.iter_lines():
                if not line.startswith("data: {"):
                    continue
                chunk = json.loads(line.removeprefix("data: "))
                if "error" in chunk:
                    raise SystemExit(f"The product did not answer: {chunk}")
                if text := _text(chunk):
                    first_s = first_s or time.perf_counter() - began
                    pieces.append(text)
        if answer.status_code != httpx.codes.OK:
            raise SystemExit(f"The product answered {answer.status_code}.")
        return Answer(first_s, "".join(pieces), len(pieces))


def messages_of(system: str, question: str) -> list[dict[str, str]]:
    """The same prompt, whoever makes it."""
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]


def _text(chunk: Mapping[str, Any]) -> str:
    return (chunk["choices"][0]["delta"].get("content") if chunk["choices"] else "") or ""


def open_socket(url: str, cookies: str) -> AbstractContextManager[ClientConnection]:
    """The socket of a browser that has these cookies, to be entered by `with`."""
    headers = {"Cookie": cookies, "Origin": url}
    options = {"compression": None, "proxy": None, "ping_interval": None}  # nobody reads while the other doors are measured
    return connect(f"ws{url.removeprefix('http')}/ws/", additional_headers=headers, **options)


class Tab:
    """A browser's tab that counts frames and draws nothing."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def ask(self, question: str, on_text: Callable[[str], object] = len) -> Answer:
        """Ask in a new conversation and wait for the whole answer; `on_text` gets each piece. Raises SystemExit if it did not end well."""
        began, first_s, frames = time.perf_counter(), 0.0, 0
        ask = {"type": "ask", "workspace": WORKSPACE, "conversation": None, "text": question, "key": str(uuid.uuid4())}
        self._socket.send(json.dumps(ask))
        while True:
            frame = json.loads(self._socket.recv(timeout=SILENCE_MAX_S))
            frames += frame["type"] == "delta"
            if frame["type"] in {"delta", "snapshot"} and frame.get("text"):
                first_s = first_s or time.perf_counter() - began
                on_text(frame["text"] if frame["type"] == "delta" else "")
            if frame["type"] == "error" or (frame["type"] == "ended" and (frame["status"] != "done" or frame["notes"])):
                raise SystemExit(f"The product did not answer: {frame}")
            if frame["type"] == "ended":
                return Answer(first_s or time.perf_counter() - began, frame["text"], frames)


def sign_in(url: str) -> str:
    """The cookies of a signed-in session, as a header. Raises SystemExit if the door stays closed."""
    with httpx.Client(base_url=url, trust_env=False) as browser:
        browser.get("/accounts/login/")
        form = {"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["gemmaweb_csrf"]}
        if browser.post("/accounts/login/", data=form).status_code != httpx.codes.FOUND:
            raise SystemExit("The product did not let us in.")
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
