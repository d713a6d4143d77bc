"""A local model as an engine: each request goes over a connection of its own to the model's host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from . import wire
from .engines.base import ChatRequest, EngineError, EngineUnavailable, Piece
from .engines.local import BY_LLAMA
from .host_process import HostProcess
from .model_file import ModelFile


class LocalEngine:
    """Answers with the model of one host, changed by an adapter or by none; waits while it loads. Implements engines.base.Engine."""

    fills_itself = True

    def __init__(self, host: HostProcess, adapter: ModelFile | None = None) -> None:
        self.name = (adapter or host.file).name
        self.sees_images = host.file.projector is not None
        self.context_tokens = host.plan.context_tokens
        self._host = host
        self._adapter = adapter
        self.takes_forms = host.file.engine == BY_LLAMA

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Pieces of the answer as they are made. Closing the iterator closes the connection, which stops the model.

        Raises EngineUnavailable before the first piece, PromptTooLong, or EngineError if the host dies in mid-answer.
        """
        if self._adapter:
            request = replace(request, adapter=str(self._adapter.path))
        projector = self._host.file.projector if request.image_count else None
        needs = tuple(filter(None, (self._adapter, projector)))
        async with aclosing(asked(self._host, wire.chat_message(request), needs=needs)) as messages:
            async for message in messages:
                if "done" in message:
                    return
                yield wire.read_piece(message)
        raise EngineError("The model's process ended in mid-answer.")

    async def count_tokens(self, text: str) -> int:
        """How many tokens `text` costs in a prompt. Raises EngineError."""
        async with aclosing(asked(self._host, {"do": "count", "text": text})) as messages:
            async for message in messages:
                if "tokens" in message:
                    return int(message["tokens"])
                raise wire.read_error(message)
        raise EngineError("The model's process ended before it answered.")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises EngineUnavailable: a model that chats makes no vectors."""
        raise EngineUnavailable("This model writes text; it makes no vectors.")


async def asked(host: HostProcess, message: dict[str, Any], *, needs: Collection[ModelFile] = ()) -> AsyncGenerator[dict[str, Any], None]:
    """The host's messages to one request, until it ends the connection or dies. Raises EngineUnavailable where a part was left out."""
    async with host.connection() as (reader, writer):
        for part in needs:
            if part in host.left_out:
                raise EngineUnavailable(host.left_out[part])
        writer.write(wire.line(message))
        async for text in _whole_lines(reader):
            yield json.loads(text)


async def _whole_lines(reader: asyncio.StreamReader) -> AsyncGenerator[bytes, None]:
    """A host that dies may tear its last line, or the connection: either is an end."""
    try:
        async for text in reader:
            if text.endswith(b"\n"):
                yield text
    except ConnectionError:
        return
