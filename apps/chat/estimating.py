"""How long a question will wait: by the kept measurement of the model in use, what runs now, and how long answers lately were."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.conf import settings
from django.db.models.functions import Length

from apps.chat.models import Generation, Message
from apps.inference.models import Measurement
from apps.inference.speed import AT_ONCE

ANSWERS = 50
CHARS_PER_TOKEN = 4  # of what is written of an answer so far
LOW, HIGH = 0.7, 1.5  # what is told is a range: an answer may be short or long
STEPS_S = (5, 10, 20, 30, 40, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600)

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens a second of the model in use, reading, and writing one answer alone or AT_ONCE together; what an answer here mostly has."""

    prompt: float
    alone: float
    busy: float
    prompt_tokens: float
    answer_tokens: float

    def each(self, at_once: int) -> float:
        """Tokens a second of each of so many answers."""
        share = min(1.0, (at_once - 1) / (AT_ONCE - 1))
        return (self.alone + (self.busy - self.alone) * share) / at_once


def ranges(waiting: int) -> list[Range | None]:
    """From and to how many seconds each of the first `waiting` questions will wait.

    None where nothing was measured, and where a slot is free: then it is a moment.
    """
    running = Generation.objects.filter(status__in=(Generation.Status.RUNNING, Generation.Status.STOPPING))
    written = list(running.annotate(chars=Length("text")).values_list("chars", flat=True))
    pace = _pace() if len(written) >= settings.SLOTS else None
    if pace is None:
        return [None] * waiting
    left = [max(0.0, pace.answer_tokens - chars / CHARS_PER_TOKEN) for chars in written]
    return [steps_around(seconds) for seconds in waits(pace, left, slots=settings.SLOTS, waiting=waiting)]


def waits(pace: Pace, left: Sequence[float], *, slots: int, waiting: int) -> list[float]:
    """In how many seconds each of so many questions is begun, where answers of which so many tokens are `left` have the slots."""
    rate = pace.each(slots)
    one_s = pace.prompt_tokens / pace.prompt + pace.answer_tokens / rate
    free = [tokens / rate for tokens in left] + [0.0] * max(0, slots - len(left))
    heapq.heapify(free)
    begun = []
    for _ in range(waiting):
        begun.append(heapq.heappop(free))
        heapq.heappush(free, begun[-1] + one_s)
    return begun


def steps_around(seconds: float) -> Range:
    """The steps around it."""
    low = max((step for step in STEPS_S if step <= seconds * LOW), default=0)
    high = min((step for step in STEPS_S if step >= seconds * HIGH and step > low), default=STEPS_S[-1] * 2)
    return low, high


def _pace() -> Pace | None:
    """The pace of the model in use; None where it was not measured, or has not answered yet."""
    measured = Measurement.objects.filter(model__is_active=True, measured_at__isnull=False).first()
    answers = Message.objects.filter(role=Message.Role.ASSISTANT, tokens__gt=0).order_by("-pk")
    lately = list(answers.values_list("run__prompt_tokens", "tokens")[:ANSWERS])
    if measured is None or not lately:
        return None
    prompt, alone, busy = measured.prompt_tokens_per_s, measured.tokens_per_s, measured.busy_tokens_per_s
    if not (prompt and alone and busy):
        return None
    return Pace(prompt, alone, busy, median(read for read, _ in lately), median(written for _, written in lately))
