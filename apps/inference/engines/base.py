"""The seam between an answer and whatever writes it: one Protocol, typed requests, typed pieces. Nothing of Django in here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

IMAGE_TOKENS = 512  # no image costs more on this machine: a model reads it in one batch


class EngineError(Exception):
    """The engine could not answer; `code` names the reason for logs, frames and the API."""

    code = "engine_failed"


class EngineUnavailable(EngineError):
    """The engine is not there (not loaded, died while loading, missing library): another one may answer."""

    code = "engine_unavailable"


class PromptTooLong(EngineError):
    """The request does not fit into the model's context."""

    code = "prompt_too_long"


class RequestRefused(EngineError):
    """The model cannot do what was asked: its template takes no such messages, or no text can have the form that is wanted."""

    code = "request_refused"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants done by whoever asked: `arguments` is JSON, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation, without its thinking, unless that led to `calls`. A tool's `answers` the call of this id.

    `images` are JPEGs in base64; a model sees them before it reads the text.
    """

    role: Literal["user", "assistant", "tool"]
    text: str
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document offered to the engine under `number` (1..k): untrusted data, never instructions.

    `score` is the search's own (higher is better, comparable inside one request only).
    """

    number: int
    title: str
    place: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen, where a program asked for it: what is None is as the model's makers advise.

    Writing ends before the first of the `stop` texts; an engine that does not look for them is cut there by who reads it.
    """

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()

    def asked(self) -> dict[str, Any]:
        """What was asked for, by the names that the OpenAI API has for it."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form that an answer must have.

    `tools` is a JSON list of functions as the OpenAI API has it, `schema` the JSON Schema of the text; both empty where they are not
    wanted. They are text because the order of names counts, and JSON columns forget it.
    """

    tools: str = ""
    choice: Literal["auto", "none", "required"] = "auto"
    is_parallel: bool = True
    schema: str = ""

    def __bool__(self) -> bool:
        return bool(self.tools or self.schema)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """All that an engine needs to answer one question.

    `written` is what an earlier attempt already showed: the engine goes on from there and yields only what is new.
    `weights` are what share of the question each of its terms carries, by its idf in this workspace; `relevance` is the
    best hit's share of the highest score that the question could reach (0..1). Both are empty where no document was searched.
    `thinks` asks a model that can to think before it answers. `since` are the turns behind the question: calls of tools, and their results.
    Where it `fills`, the passages (best first) and turns (pairs, oldest first) may be more than have room: the engine leaves the others out
    and tells so by a ContextPiece. Turns that `turns_stay` are never left out; `messages_before` were before the first of them, and before
    those the `messages_summed` that `summary` stands for: a model's own words, and so untrusted data like all that was said.
    `images` come with the question, as those of a turn.
    `adapter` is the path of the model's adapter that is to be applied; its engine sets it.
    """

    question: str
    turns: tuple[Turn, ...] = ()
    passages: tuple[Passage, ...] = ()
    system: str = ""
    written: str = ""
    max_tokens: int = 1024
    language: str = "en"
    has_documents: bool = False
    relevance: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    sampling: Sampling = Sampling()
    thinks: bool = False
    since: tuple[Turn, ...] = ()
    wanted: Wanted = Wanted()
    fills: bool = False
    turns_stay: bool = False
    messages_before: int = 0
    summary: str = ""
    messages_summed: int = 0
    images: tuple[str, ...] = ()
    adapter: str = ""

    @property
    def image_count(self) -> int:
        """How many images there are, in the turns too."""
        return len(self.images) + sum(len(turn.images) for turn in (*self.turns, *self.since))


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Some more of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingPiece:
    """Some more of what the model thinks before it answers; never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class QuotePiece:
    """From here on marker [`n`] stands for `quote`, copied letter by letter from passage `passage`."""

    n: int
    passage: int
    quote: str


@dataclass(frozen=True, slots=True)
class CallPiece:
    """A whole call of a tool."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class UsagePiece:
    """Figures of the run so far: tokens read and written, the speed of writing in tokens per second, whether the limit ended it.

    Of the prompt's tokens `known_tokens` were read before, for an earlier question, and not again.
    """

    prompt_tokens: int
    answer_tokens: int
    tokens_per_s: float
    is_cut: bool = False
    known_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ContextPiece:
    """What fills a context of `limit` tokens: those of turns, passages and question. How many messages, and which passages, had no room;
    for how many a summary stood.

    It comes before the first word where anything was left out, else when the answer has been written.
    """

    limit: int
    turns: int
    passages: int
    question: int
    messages_left: int = 0
    messages_summed: int = 0
    passages_left: tuple[int, ...] = ()


Piece = TextPiece | ThinkingPiece | QuotePiece | CallPiece | UsagePiece | ContextPiece


def takes_forms(engine: Engine) -> bool:
    """Whether `engine` reads `wanted` and the results of tools. One that does not say so does not, and must not be asked to."""
    return bool(getattr(engine, "takes_forms", False))


def fills_itself(engine: Engine) -> bool:
    """Whether `engine` leaves out by itself what has no room, and tells so. The others must be given no more than they have room for."""
    return bool(getattr(engine, "fills_itself", False))


def sees_images(engine: Engine) -> bool:
    """Whether `engine` looks at images. One that does not say so does not, and must not be sent any."""
    return bool(getattr(engine, "sees_images", False))


def context_of(engine: Engine, usual: int) -> int:
    """How many tokens `engine` sees at once, question and answer; `usual` where it does not say."""
    return int(getattr(engine, "context_tokens", usual))


class Engine(Protocol):
    """Whatever can answer: a local model, a remote server, or the documents' own words."""

    name: str

    def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Pieces of the answer as they are made. Closing the iterator stops the engine within 200 ms. Raises EngineError."""
        ...

    async def count_tokens(self, text: str) -> int:
        """How many tokens `text` costs in this engine. Raises EngineError."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, (len(texts), dim). Raises EngineUnavailable where the engine has no embeddings."""
        ...
