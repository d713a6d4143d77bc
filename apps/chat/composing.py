"""Writing one answer: passages, engine, pieces, and what is done when an engine breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import asdict, replace

from django.conf import settings

from apps.chat import engines
from apps.chat.citations import CLAIM_MAX_CHARS, Sources
from apps.chat.context import context_entry
from apps.chat.loops import LoopDetector
from apps.chat.markers import MarkerFilter
from apps.chat.models import Generation
from apps.chat.prompting import prepare
from apps.chat.requested import is_plain
from apps.chat.snapshots import Written
from apps.chat.stops import StopFilter
from apps.chat.stream import StreamWriter
from apps.core.database import in_database
from apps.inference.engines.base import (
    CallPiece,
    ChatRequest,
    ContextPiece,
    Engine,
    EngineError,
    Piece,
    PromptTooLong,
    QuotePiece,
    RequestRefused,
    TextPiece,
    ThinkingPiece,
    UsagePiece,
    context_of,
    fills_itself,
    sees_images,
    takes_forms,
)
from apps.inference.engines.filling import Guess, fill
from apps.inference.engines.quote import QuoteEngine

STALL_S = 120
ANSWER_MAX_CHARS = 500_000
SEARCHES = ThreadPoolExecutor(settings.SLOTS, thread_name_prefix="search")  # they may wait for a model, which needs a database thread too
ALONE = asyncio.Lock()  # whose engine broke off tries again alone, so that one poisonous prompt cannot take its neighbours along twice


class EngineStalled(EngineError):
    """The engine lives and says nothing."""

    code = "engine_stalled"


class Composer:
    """Turns the pieces of an engine into what is shown of one run."""

    def __init__(self, run: Generation, writer: StreamWriter) -> None:
        self.run, self.writer = run, writer
        self._request = self._sent = ChatRequest(run.question.text)
        self._sources = Sources([], versions={}, language="en")
        self._markers = MarkerFilter()
        self._stops = StopFilter()
        self._usage = UsagePiece(0, 0, 0.0)
        self._context: ContextPiece | None = None
        self._is_counted = False
        self._text_loop, self._thinking_loop = LoopDetector(), LoopDetector()
        self._nearest: list[dict[str, object]] = []
        self._tail = ""

    async def compose(self) -> None:
        """Write the whole answer. Raises EngineError where it could not be brought to its end."""
        run = self.run
        engine, is_other = await engines.choose_engine(run.workspace, run.conversation.chosen_model)
        bound = {"citations": run.citations, "calls": run.calls, "notes": run.notes}
        self.writer.begin(engine=engine.name, text=run.text, thinking=run.thinking, **bound)
        if run.calls:  # an earlier attempt has called: it is the program's turn
            return
        if is_other and "model_gone" not in run.notes:
            self.writer.note("model_gone")
        self._request, self._sources = await in_database(prepare, SEARCHES)(run)
        for note in self._sources.notes:
            if note not in run.notes:
                self.writer.note(note)
        if (self._request.wanted or self._request.since) and not takes_forms(engine):
            raise RequestRefused("This engine takes no tools and no form.")
        if self._request.image_count and not sees_images(engine):
            raise RequestRefused("This engine sees no images.")
        try:
            await self._stream(engine)
        except EngineError as error:
            await self._try_again(engine, error)
        if self.writer.engine == QuoteEngine.name and not self.writer.has_citations:
            self._nearest = self._sources.nearest()

    def written(self) -> Written:
        """All that was shown so far, and what belongs to it."""
        writer, usage = self.writer, self._usage
        return Written(
            text=writer.text,
            thinking=writer.thinking,
            citations=writer.citations,
            calls=writer.calls,
            notes=writer.notes,
            nearest=self._nearest,
            engine=writer.engine,
            tokens=usage.answer_tokens,
            prompt_tokens=usage.prompt_tokens,
            known_tokens=usage.known_tokens,
            is_cut=not self._stops.has_stopped and (usage.is_cut or "repeats" in writer.notes or len(writer.text) >= ANSWER_MAX_CHARS),
            tokens_per_s=round(usage.tokens_per_s, 1),
            shown_html="".join(writer.html),
            shown_chars=writer.taken,
            context=self._filled(),
        )

    def _filled(self) -> dict[str, object]:
        """What filled the model's context; empty where no model read anything, or a program asked."""
        if self._context is None or self.writer.engine == QuoteEngine.name or self.run.request:
            return {}
        return context_entry(self._context, self._sent, self._usage, is_exact=self._is_counted)

    async def _try_again(self, engine: Engine, error: EngineError) -> None:
        """Quote where nothing was shown yet, unless a program asks the model alone; else go on once with the same engine, alone.

        Raises `error` where that was tried before, or the same would come of it.
        """
        await self.writer.settle()
        if self.writer.calls:  # the program can go on with what was called
            return
        if not self.writer.text and engine.name != QuoteEngine.name and not self._is_for_the_model:
            self.writer.engine = QuoteEngine.name
            self.writer.note("model_failed")
            await self._stream(QuoteEngine())
            return
        run = self.run
        if isinstance(error, (EngineStalled, PromptTooLong, RequestRefused)) or run.engine_aborts:
            raise error
        if not await in_database(Generation.objects.count_abort)(pk=run.pk, attempt=run.attempt):
            raise error
        self.writer.note("engine_restarted")
        async with ALONE:
            await self._stream(engine)

    async def _stream(self, engine: Engine) -> None:
        await self.writer.settle()
        self._tail = self.writer.text[-CLAIM_MAX_CHARS:]
        self._markers = MarkerFilter(self._sources.numbers)
        self._markers.skip(self.writer.text)
        self._stops = StopFilter(self._request.sampling.stop)
        self._sent = replace(self._fitted(engine), written=self.writer.text)
        self._text_loop, self._thinking_loop = LoopDetector(), LoopDetector()
        self._text_loop.feed(self.writer.text)
        async with aclosing(engine.stream(self._sent)) as pieces:
            piece = await _next(pieces, within_s=engines.first_piece_s())
            while piece and len(self.writer.text) < ANSWER_MAX_CHARS:
                self._take(piece)
                piece = None if self._stops.has_stopped or self._is_loop(piece) else await _next(pieces, within_s=STALL_S)
        self._show(self._readable(self._stops.finish()) + self._markers.finish())
        await self.writer.settle()

    def _fitted(self, engine: Engine) -> ChatRequest:
        """The request as this engine can take it: one that cannot fill its context itself is given no more than surely fits."""
        self._is_counted = fills_itself(engine)
        if self._is_counted or not self._request.fills:
            return self._request
        tokens, context_tokens = Guess(), context_of(engine, settings.CONTEXT_TOKENS)
        filling = fill(self._request, tokens, context_tokens)
        self._take(filling.told(tokens, context_tokens))
        return filling.request

    def _take(self, piece: Piece) -> None:
        match piece:
            case TextPiece():
                self._show(self._readable(self._stops.feed(_storable(piece.text))))
            case ThinkingPiece():
                self.writer.add_thinking(_storable(piece.text))
            case QuotePiece():
                self._sources.announce(piece)
                self._markers.offered.add(piece.n)
            case CallPiece(call):
                self.writer.call(asdict(call))
            case UsagePiece():
                self._usage = piece
                self.writer.measure(piece.tokens_per_s)
            case ContextPiece():
                self._context = piece
                self._markers.offered.difference_update(piece.passages_left)

    def _is_loop(self, piece: Piece) -> bool:
        """Whether the answer, or what the model thinks, repeats itself without end; then that is noted."""
        match piece:
            case TextPiece(text):
                is_loop = self._text_loop.feed(text)
            case ThinkingPiece(text):
                is_loop = self._thinking_loop.feed(text)
            case _:
                is_loop = False
        if is_loop:
            self.writer.note("repeats")
        return is_loop

    @property
    def _is_for_the_model(self) -> bool:
        """Whether no quotation can stand in: a program asks the model alone, wants an answer of a form, or shows an image."""
        return is_plain(self.run) or bool(self._request.wanted) or self._request.image_count > 0

    def _readable(self, text: str) -> str:
        """`text` without markers that stand for nothing; to a program that cites nothing [1] is text like any other."""
        return text if is_plain(self.run) else self._markers.feed(text)

    def _show(self, text: str) -> None:
        """Show `text`, and with it what its markers stand for."""
        for n in self._markers.let_through:
            before = self._tail + text[: text.index(f"[{n}]")]
            if citation := self._sources.bind(n, before):
                self.writer.cite(citation)
        self._markers.let_through.clear()
        self._tail = (self._tail + text)[-CLAIM_MAX_CHARS:]
        if text:
            self.writer.add_text(text)


async def _next(pieces: AsyncGenerator[Piece, None], *, within_s: float) -> Piece | None:
    """The next piece, None at the end. Raises EngineStalled."""
    try:
        async with asyncio.timeout(within_s):
            return await anext(pieces, None)
    except TimeoutError:
        raise EngineStalled from None


def _storable(text: str) -> str:
    """`text` without what PostgreSQL and JSON cannot hold: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
