"""The engine host: a child process that owns one model and answers on a unix socket.

    python -m apps.inference.host --engine llama --model FILE [--adapter FILE]... [--projector FILE] [--drafter FILE]
        --socket PATH --slots N --context-tokens N --parent PID

`--engine ctransformers` runs the older families, `--family` saying which where the file does not; `--role` makes it an embedder or a
reranker. It says "ready" on standard output once it listens, and before that what it put onto graphics cards, if anything
({"on_cards": layers, "bytes": bytes}); or {"failed": sentence} and ends. It dies with its parent. Nothing of Django is loaded here.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import ctypes
import json
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import uvloop

from . import devices, wire
from .engines.base import ChatRequest, EngineError, EngineUnavailable, Piece, TextPiece, ThinkingPiece
from .engines.ctransformers import CtransformersModel
from .engines.gguf_header import BadModelFile
from .engines.llama import LlamaModel, Parts
from .engines.llama_finder import POOLINGS, LlamaEmbedder, LlamaReranker
from .engines.local import BY_CTRANSFORMERS, BY_LLAMA, CHAT, EMBED, RERANK, Chunk, FindingModel, LocalModel

FLUSH_S = 0.08  # pieces that come within it are merged: each time that somebody wakes up costs more than what there is to do
PR_SET_PDEATHSIG = 1


class Answer:
    """One chat request on one connection, from the model's thread to the socket."""

    def __init__(self, model: LocalModel, request: ChatRequest, writer: asyncio.StreamWriter) -> None:
        self._model = model
        self._request = request
        self._writer = writer
        self._reader = model.reader(request)
        self._chunks: deque[Chunk] = deque()
        self._loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()
        self._stopped = self._asleep = False

    async def write(self, slots: ThreadPoolExecutor) -> None:
        """Wait for a slot, then send pieces until the answer ends or is stopped. Raises EngineError.

        A piece that comes after a silence, as the first one does, goes at once.
        """
        ended = self._loop.run_in_executor(slots, self._generate)
        ended.add_done_callback(lambda _: self._awake.set())
        while not ended.done() or self._chunks:
            if await self._flush():
                await asyncio.wait({ended}, timeout=self._to_next_tick_s())
            else:
                await self._sleep()
        await ended

    async def _sleep(self) -> None:
        """Until there is a chunk. The model's thread adds one before it looks whether we sleep, we say so before we look for one."""
        self._asleep = True
        if not self._chunks:
            await self._awake.wait()
        self._asleep = False
        self._awake.clear()

    def _to_next_tick_s(self) -> float:
        """All answers of a host flush at the same moments: whoever reads them wakes up once for all."""
        return FLUSH_S - self._loop.time() % FLUSH_S

    def stop(self) -> None:
        """End at the next chunk; a request that still waits for its slot never starts."""
        self._stopped = True

    def _generate(self) -> None:
        if not self._stopped:
            self._model.chat(self._request, self._take)

    def _take(self, chunk: Chunk) -> bool:
        """Called in the model's thread, once a token: what raises here ends the answer without a word, so nothing is read yet."""
        self._chunks.append(chunk)
        if self._asleep:
            self._loop.call_soon_threadsafe(self._awake.set)
        return self._stopped

    async def _flush(self) -> bool:
        """Whether there was something to send."""
        pieces: list[Piece] = []
        while self._chunks:
            pieces += self._reader.pieces(self._chunks.popleft())
        self._writer.writelines(wire.line(wire.piece_message(piece)) for piece in _merged(pieces))
        await self._writer.drain()
        return bool(pieces)


class Host(ABC):
    """Serves one model."""

    def __init__(self, slots: int) -> None:
        self._slots = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="slot")

    async def listen(self, path: Path) -> None:
        """Serve until the process is ended."""
        os.umask(0o177)  # the socket is its owner's alone from its first moment
        server = await asyncio.start_unix_server(self._serve, path, limit=wire.LINE_MAX_BYTES)
        _say("ready")
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(wire.GREETING)
            if request := await reader.readline():
                await self._answer(json.loads(request), reader, writer)
        except EngineError as error:
            writer.write(wire.line(wire.error_message(error)))
        except ConnectionError:
            pass  # the other side has gone: there is nobody to tell
        finally:
            writer.close()

    @abstractmethod
    async def _answer(self, message: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do what `message` asks for. Raises EngineError."""


class FinderHost(Host):
    """Serves a model that makes vectors, or puts passages in order."""

    def __init__(self, model: FindingModel) -> None:
        super().__init__(model.slots)
        self._model = model

    async def _answer(self, message: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await asyncio.get_running_loop().run_in_executor(self._slots, self._model.answer, message)
        writer.write(wire.line(found))


class ChatHost(Host):
    """Serves a model that writes."""

    def __init__(self, model: LocalModel) -> None:
        super().__init__(model.slots)
        self._model = model

    async def _answer(self, message: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if message["do"] == "count":
            tokens = await asyncio.to_thread(self._model.count_tokens, message["text"])
            writer.write(wire.line({"tokens": tokens}))
        elif message["do"] == "chat":
            await self._chat(wire.read_request(message["request"]), reader, writer)
        else:
            raise EngineUnavailable("This model writes text; it makes no vectors.")

    async def _chat(self, request: ChatRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = Answer(self._model, request, writer)
        gone = asyncio.ensure_future(reader.read(1))
        gone.add_done_callback(lambda _: answer.stop())
        try:
            await answer.write(self._slots)
            writer.write(wire.line({"done": True}))
        finally:
            answer.stop()
            gone.cancel()


def _merged(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """`pieces` in order, with neighbours of text or of thinking made one."""
    for kind, group in groupby(pieces, type):
        if kind is TextPiece or kind is ThinkingPiece:
            yield kind("".join(piece.text for piece in group if isinstance(piece, (TextPiece, ThinkingPiece))))
        else:
            yield from group


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; end at once if that was before."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _load(options: argparse.Namespace) -> Host:
    """The host of the model, which is in memory then. Raises BadModelFile and EngineError."""
    room = {"slots": options.slots, "context_tokens": options.context_tokens}
    if options.role == EMBED:
        return FinderHost(LlamaEmbedder(options.model, pooling=options.pooling, **room))
    if options.role == RERANK:
        return FinderHost(LlamaReranker(options.model, **room))
    if options.engine == BY_CTRANSFORMERS:
        return ChatHost(CtransformersModel(options.model, family=options.family, context_tokens=options.context_tokens))
    parts = Parts(tuple(options.adapter), options.projector, options.drafter)
    model = LlamaModel(options.model, place=devices.place_here, parts=parts, **room)
    if model.placement and model.placement.layers:
        _say(json.dumps({"on_cards": model.placement.layers, "bytes": model.placement.own_bytes}))
    return ChatHost(model)


def main() -> None:
    """Load the model and serve it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=[BY_LLAMA, BY_CTRANSFORMERS], default=BY_LLAMA)
    parser.add_argument("--family", default="")
    parser.add_argument("--role", choices=[CHAT, EMBED, RERANK], default=CHAT)
    parser.add_argument("--pooling", choices=["", *POOLINGS], default="")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, action="append", default=[])
    parser.add_argument("--projector", type=Path)
    parser.add_argument("--drafter", type=Path)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--context-tokens", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args()
    _die_with(options.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides when a host ends
    try:
        host = _load(options)
    except (BadModelFile, EngineError) as error:
        _say(json.dumps({"failed": str(error)}))
        os._exit(1)
    atexit.register(os._exit, 1)  # the end of an interpreter that holds old native code is a crash
    uvloop.run(host.listen(options.socket))


if __name__ == "__main__":
    main()
