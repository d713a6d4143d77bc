"""How fast an engine reads prompts and writes answers, in at most a minute. No Django."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count

from .engines.base import ChatRequest, Engine, TextPiece, ThinkingPiece, UsagePiece

WITHIN_S = 60
READING_S = 16
WRITING_S = 16
AT_ONCE = 4
FIRST_WORDS = 96
GROWTH = 4  # each prompt is so many times as long as the one before
ANSWER_TOKENS = 1024


class TooSlow(Exception):
    """Nothing was measured within the time."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second: of a prompt that is read, of one answer alone, and of four at once together."""

    prompt: float
    alone: float
    busy: float


@dataclass(slots=True)
class _Tally:
    """What answers that are written side by side have come to, from the first word of the first one."""

    began_at: float = 0.0
    told_at: float = 0.0
    tokens: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        written_s = self.told_at - self.began_at
        return sum(self.tokens.values()) / written_s if written_s > 0 else 0.0


async def measure(engine: Engine, context_tokens: int) -> Speed:
    """The engine's speed with this context. It must be loaded. Raises TooSlow after a minute, EngineError."""
    try:
        async with asyncio.timeout(WITHIN_S):
            meter = Meter(engine, context_tokens)
            prompt = await meter.reading()
            alone = await meter.writing(1)
            return Speed(prompt, alone, await meter.writing(AT_ONCE))
    except TimeoutError:
        raise TooSlow(f"This machine is too slow for the model: nothing could be told after {WITHIN_S} s.") from None


class Meter:
    """Asks one engine questions of which none begins like another, so that nothing of them is known from before."""

    def __init__(self, engine: Engine, context_tokens: int) -> None:
        self._engine = engine
        self._context_tokens = context_tokens
        self._numbers = count(time.time_ns() % 1_000_000)

    async def reading(self) -> float:
        """Prompt tokens a second, of the longest prompt that the time and the context allow."""
        words, left_s, rate = FIRST_WORDS, float(READING_S), 0.0
        while True:
            began = time.monotonic()
            read = await self._prompt_tokens(words)
            took_s = time.monotonic() - began
            left_s, rate = left_s - took_s, read / took_s
            if took_s * GROWTH > left_s or read * GROWTH > self._context_tokens * 0.8:
                return rate
            words *= GROWTH

    async def writing(self, at_once: int) -> float:
        """Tokens a second of so many answers together."""
        tally = _Tally()
        await asyncio.gather(*(self._write(tally, number) for number in range(at_once)))
        if not tally.rate:
            raise TooSlow(f"This machine is too slow for the model: not a word in {WRITING_S} s.")
        return tally.rate

    async def _prompt_tokens(self, words: int) -> int:
        question = " ".join([str(next(self._numbers)), *("harbour" for _ in range(words))])
        async with aclosing(self._engine.stream(ChatRequest(question, max_tokens=1))) as pieces:
            return max([piece.prompt_tokens async for piece in pieces if isinstance(piece, UsagePiece)], default=0)

    async def _write(self, tally: _Tally, number: int) -> None:
        question = f"{next(self._numbers)}: write a long story about a harbour, its people and its boats."
        request = ChatRequest(question, max_tokens=min(ANSWER_TOKENS, self._context_tokens // 2))
        async with aclosing(self._engine.stream(request)) as pieces:
            async for piece in pieces:
                now = time.monotonic()
                if isinstance(piece, (TextPiece, ThinkingPiece)):
                    tally.began_at = tally.began_at or now
                elif isinstance(piece, UsagePiece):
                    tally.tokens[number], tally.told_at = piece.answer_tokens, now
                if tally.began_at and now > tally.began_at + WRITING_S:
                    return
