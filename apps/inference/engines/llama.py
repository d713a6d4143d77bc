"""A GGUF model in this process, run by llama.cpp.

Only the engine host imports this: loading holds the interpreter, and a bad file can end the process.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .base import (
    IMAGE_TOKENS,
    ChatRequest,
    ContextPiece,
    EngineError,
    EngineUnavailable,
    Piece,
    PromptTooLong,
    RequestRefused,
    TextPiece,
    ThinkingPiece,
    UsagePiece,
)
from .cards import Place, put_on_cards
from .filling import Filling, write_filled
from .gguf_header import read_header
from .llama_calls import CallReader
from .llama_prompt import Neutraliser, chat_messages, form, grammar_beginning_with, split_written
from .llama_tokens import LlamaTokens
from .model_shape import ModelShape
from .placing import Placement

SAMPLING = {"temperature": 1.0, "top_p": 0.95, "top_k": 64, "min_p": 0.0, "repeat_penalty": 1.0}  # the Gemma 4 model card's, for all uses
BATCH_TOKENS = max(512, IMAGE_TOKENS)  # a run can be stopped between two batches of its prompt; an image has to fit into one
PROMPT_CACHE_MIB = 512  # llama.cpp would take 8 GiB
CHECKPOINTS = 4  # of a slot's sliding windows; 32 of them are 15 GB with the 12B model
TELL_EVERY_S = 1.0
BLIND = "This model reads no images: it has no projector."

Chunk = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """What is loaded with a model: adapters, of which each request says which one is applied to it, eyes, and what guesses its words."""

    adapters: tuple[Path, ...] = ()
    projector: Path | None = None
    drafter: Path | None = None


NO_PARTS = Parts()


class LlamaModel:
    """A loaded model with its slots. Its methods block; any thread may call them."""

    def __init__(self, path: Path, *, slots: int, context_tokens: int, place: Place | None = None, parts: Parts = NO_PARTS) -> None:
        """`place` says which layers go onto graphics cards; without it, or where the file does not say its shape, llama.cpp decides.

        Raises BadModelFile, and EngineUnavailable if llama.cpp refuses the file or cannot be loaded here.
        """
        self.slots = slots
        self.header = read_header(path)
        self.context_tokens = min(context_tokens, self.header.context_length)
        self._neutral = Neutraliser(self.header.control_tokens)
        self._key = secrets.token_urlsafe(32)
        self._adapters = [str(adapter) for adapter in parts.adapters]
        self._sees = parts.projector is not None
        self.placement = _placed(place, self.header.shape, slots, self.context_tokens)
        room = {"slots": slots, "context_tokens": self.context_tokens}
        self._server = load_server(path, self._key, placement=self.placement, adjust=partial(_load_with, parts=parts), **room)
        address, control = self._server.listening_address, self.header.control_tokens
        self.tokens = LlamaTokens(address, self._key, neutral=self._neutral, control_tokens=control, body=self._body)

    def chat(self, request: ChatRequest, take: Callable[[Chunk], bool]) -> None:
        """Answer, calling `take` with each chunk as it comes until it returns True; ChunkReader makes pieces of them.

        Raises EngineError.
        """
        write, tell = partial(self._write, take=take), partial(self._tell, take=take)
        write_filled(request, self.tokens, self.context_tokens, write=write, tell=tell)

    def _write(self, request: ChatRequest, take: Callable[[Chunk], bool]) -> None:
        body = self._body(request)
        if body["max_tokens"] <= 0:
            return
        try:
            self._server.handle_chat_completions(body, take)
        except (RuntimeError, ValueError) as error:
            raise RequestRefused(f"The model refused the request: {error}") from error

    def reader(self, request: ChatRequest) -> ChunkReader:
        """The reader of the chunks of one answer."""
        return ChunkReader(request)

    def count_tokens(self, text: str) -> int:
        """What `text` costs inside a prompt. Raises EngineError."""
        return self.tokens.parts([text])[0]

    def _tell(self, filling: Filling, take: Callable[[Chunk], bool]) -> None:
        """Tell what the prompt is made of. No answer is lost for a figure: one that cannot be had is not told."""
        with suppress(EngineError):
            take({"context": filling.told(self.tokens, self.context_tokens)})

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        """Chat request of llama.cpp's server. A begun answer is gone on from, its last word written again by force of a grammar."""
        if request.image_count and not self._sees:
            raise RequestRefused(BLIND)
        head, tail = split_written(request.written)
        if tail and request.wanted:
            raise EngineError("An answer that must have a form cannot be gone on with.")
        body: dict[str, Any] = {
            "messages": chat_messages(request, self._neutral),
            "max_tokens": request.max_tokens - (self.count_tokens(head) if head else 0),
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # chunks while the prompt is read: without one a run cannot be stopped
            "chat_template_kwargs": {"enable_thinking": request.thinks},
            **SAMPLING,
            **form(request.wanted, self._neutral),
            **request.sampling.asked(),
            **self._adapted(request),
        }
        return body | {"grammar": grammar_beginning_with(tail)} if tail else body

    def _adapted(self, request: ChatRequest) -> dict[str, Any]:
        """How much of each adapter is applied, all of them named: what is left out llama.cpp takes from the request before.

        Raises EngineUnavailable if the one that is wanted is not loaded.
        """
        if request.adapter and request.adapter not in self._adapters:
            raise EngineUnavailable("The adapter is not loaded.")
        scales = [{"id": place, "scale": float(path == request.adapter)} for place, path in enumerate(self._adapters)]
        return {"lora": scales} if scales else {}


class ChunkReader:
    """Makes pieces of one answer's chunks; what the answer repeats of an earlier attempt is left out."""

    def __init__(self, request: ChatRequest) -> None:
        self._awaited = split_written(request.written)[1]
        self._prompt_tokens = 0
        self._answer_tokens = 0
        self._first_at = self._told_at = 0.0
        self._is_cut = False
        self._calls = CallReader()

    def pieces(self, chunk: Chunk) -> list[Piece]:
        """The pieces in `chunk`, mostly one or none. Raises EngineError where it reports an error."""
        if "error" in chunk:
            raise error_of(chunk["error"])
        if isinstance(told := chunk.get("context"), ContextPiece):  # our own; a server on the network can send no such thing
            return [told]
        self._prompt_tokens = chunk.get("prompt_progress", {}).get("total", self._prompt_tokens)
        choice = chunk["choices"][0] if chunk["choices"] else {}
        delta = choice.get("delta", {})
        self._is_cut = self._is_cut or choice.get("finish_reason") == "length"
        found: list[Piece] = []
        if thought := delta.get("reasoning_content"):
            found.append(ThinkingPiece(thought))
        if text := self._new_part(delta.get("content") or ""):
            found.append(TextPiece(text))
        found += self._calls.take(delta.get("tool_calls") or [])
        if choice.get("finish_reason"):
            found += self._calls.finish()
        return found + self._figures(chunk, wrote=bool(found))

    def _new_part(self, text: str) -> str:
        """What of `text` was not written before. The grammar has it begin as awaited; the parser may drop white space."""
        awaited = self._awaited if text[:1].isspace() else self._awaited.lstrip()
        if not text or not awaited:
            return text
        known = text[: len(awaited)]
        if not awaited.startswith(known):
            raise EngineError("The model did not go on from what was written.")
        self._awaited = awaited[len(known) :]
        return text[len(known) :]

    def _figures(self, chunk: Chunk, *, wrote: bool) -> list[Piece]:
        """llama.cpp's own at the end; until then a piece is counted as a token, and told once a second."""
        if "usage" in chunk:
            usage, timings = chunk["usage"], chunk.get("timings", {})
            known = int(timings.get("cache_n", 0))
            return [UsagePiece(usage["prompt_tokens"], usage["completion_tokens"], self._rate(timings), self._is_cut, known)]
        if not wrote:
            return []
        now = time.monotonic()
        if not self._answer_tokens:
            self._first_at = self._told_at = now
        self._answer_tokens += 1
        if now - self._told_at < TELL_EVERY_S:
            return []
        self._told_at = now
        return [UsagePiece(self._prompt_tokens, self._answer_tokens, self._answer_tokens / (now - self._first_at))]

    def _rate(self, timings: Mapping[str, Any]) -> float:
        """Tokens per second by the server's own clock where it tells, else by ours; 0 where nothing was written."""
        if "predicted_per_second" in timings or not self._answer_tokens:
            return float(timings.get("predicted_per_second", 0.0))
        return self._answer_tokens / max(time.monotonic() - self._first_at, 1e-6)


def load_server(
    path: Path,
    key: str,
    *,
    slots: int,
    context_tokens: int,
    placement: Placement | None = None,
    adjust: Callable[[Any], None] | None = None,
) -> Any:
    """llama.cpp's server with the model at `path`; `adjust` changes its parameters last. Raises EngineUnavailable."""
    params = _params(path, key, slots=slots, context_tokens=context_tokens)
    if placement is not None:
        put_on_cards(params, placement)
    if adjust:
        adjust(params)
    try:
        return _library().Server(params)
    except RuntimeError as error:
        raise EngineUnavailable("llama.cpp cannot load this file") from error


def _placed(place: Place | None, shape: ModelShape | None, slots: int, context_tokens: int) -> Placement | None:
    try:
        return place(shape, slots, context_tokens) if place and shape else None
    except ImportError as error:
        raise EngineUnavailable(f"llama.cpp does not run on this machine: {error}") from error


def _library() -> Any:
    """Raises EngineUnavailable."""
    try:
        import xllamacpp  # heavy, and absent where the processor lacks AVX2
    except ImportError as error:
        raise EngineUnavailable(f"llama.cpp does not run on this machine: {error}") from error
    return xllamacpp


def _params(path: Path, key: str, *, slots: int, context_tokens: int) -> Any:
    """How the file is loaded. Raises EngineUnavailable."""
    params = _library().CommonParams()
    params.model.path = str(path)
    params.n_parallel = slots
    params.n_ctx = slots * context_tokens
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.n_ctx_checkpoints = CHECKPOINTS
    params.verbosity = 1  # errors alone, on standard error: never a prompt
    # The server opens a port, whether wanted or not: on loopback, any free one, of no use without the key and to no web page.
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.endpoint_slots = False
    params.ui = False
    params.cors_origins = "https://nobody.invalid"
    return params


def _load_with(params: Any, parts: Parts) -> None:
    """Load the parts too, no adapter applied until a request asks for it."""
    if parts.projector:
        params.mmproj.path = str(parts.projector)
        params.image_max_tokens = IMAGE_TOKENS  # more than a batch has llama.cpp end its process
    if parts.drafter:
        params.speculative.types = [_library().common_speculative_type.COMMON_SPECULATIVE_TYPE_DRAFT_MTP]
        params.speculative.draft.mparams.path = str(parts.drafter)
    if parts.adapters:
        params.lora_adapters = [_library().CommonAdapterLoraInfo(str(path), 0.0) for path in parts.adapters]
        # The prompt cache does not know adapters: it gave one what another had read of the same prompt. A slot clears its own by itself.
        params.cache_ram_mib = 0


def error_of(error: Mapping[str, Any]) -> EngineError:
    """What llama.cpp's server reports, as ours."""
    if error.get("type") == "exceed_context_size_error":
        return PromptTooLong(f"The question and its passages are {error.get('n_prompt_tokens')} tokens long; {error.get('n_ctx')} fit.")
    return EngineError(f"The model reported an error: {error.get('message', 'unknown')}")
