"""python -m bench.stream

What the product costs between a model and a browser: its websocket against llama.cpp in this process, with the same file, prompt,
sampling and slots, in alternating rounds, one answer and four answers at once, of 512 tokens each.

The file is written for it: gemma4 with 38 M random weights. Medians of three rounds: the share of the raw tokens/s, how many ms
later the first token comes, and the CPU seconds of web and workers (the engine host left out) per 1,000 tokens. They grow with the
number of frames, of which a slow machine needs more for the same text: a frame is what came in 30 ms.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.asking import CONTEXT_TOKENS, SLOTS, Answer, RawEngine, Tab, open_socket, sign_in
from bench.installation import Installation
from tests.gguf_writer import Shape, write_gemma4

TOKENS = 512
ROUNDS = 3
ANSWERS = 4  # of a round: one after the other, or at once
AT_ONCE = (1, 4)
PROGRAMS = ("web", "generation", "ingest", "sweep")
LENGTH_TOLERANCE = 0.1
# One word in thirty ends a paragraph: a text without line ends would be one open block up to its end.
PARAGRAPHS = tuple(f"\u2581{''.join(signs)}a.\n\n" for signs in itertools.product("bcdfghklmnprstvw", "aeiou", "bdgkmnr"))
SHAPE = Shape("stream", width=384, layers=12, heads=4, head_dim=128, feed_forward=1536, words=16384, extra_tokens=PARAGRAPHS)

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Round:
    """ANSWERS answers: how fast they came, how long they are, in how many frames, and what web and workers needed for them."""

    tokens_per_s: float
    first_s: float
    chars: int
    frames: int
    processor_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """The product beside the raw engine, by the medians of their rounds."""

    share: float
    first_later_ms: float
    processor_s_per_1000: float
    frames_per_1000: float
    raw_tokens_per_s: float


def measure_round(asks: Sequence[Ask], processor_s: Callable[[], float] = lambda: 0.0) -> Round:
    """Let each of `asks` have its part of ANSWERS questions, all of them at once."""
    questions = [[f"Question {number}?" for number in range(start, ANSWERS, len(asks))] for start in range(len(asks))]
    before_s, began = processor_s(), time.perf_counter()
    with ThreadPoolExecutor(len(asks)) as pool:
        answers = list(itertools.chain(*pool.map(_in_turn, asks, questions)))
    tokens_per_s = ANSWERS * TOKENS / (time.perf_counter() - began)
    first_s = median(answer.first_s for answer in answers)
    return Round(
        tokens_per_s=tokens_per_s,
        first_s=first_s,
        chars=sum(len(answer.text) for answer in answers),
        frames=sum(answer.frames for answer in answers),
        processor_s=processor_s() - before_s,
    )


def _in_turn(ask: Ask, questions: Iterable[str]) -> list[Answer]:
    return [ask(question) for question in questions]


def compare(raw: Sequence[Round], product: Sequence[Round]) -> Figures:
    """What the rounds say. Raises SystemExit where the product's answers have not the raw engine's length."""
    chars, raw_chars = (median(each.chars for each in rounds) for rounds in (product, raw))
    if abs(chars - raw_chars) > LENGTH_TOLERANCE * raw_chars:
        raise SystemExit(f"The product's answers have {chars:.0f} characters, the raw engine's {raw_chars:.0f}.")
    raw_tokens_per_s = median(each.tokens_per_s for each in raw)
    return Figures(
        share=median(each.tokens_per_s for each in product) / raw_tokens_per_s,
        first_later_ms=1000 * (median(each.first_s for each in product) - median(each.first_s for each in raw)),
        processor_s_per_1000=1000 * median(each.processor_s for each in product) / (ANSWERS * TOKENS),
        frames_per_1000=1000 * median(each.frames for each in product) / (ANSWERS * TOKENS),
        raw_tokens_per_s=raw_tokens_per_s,
    )


def processor_s(pids: Iterable[int]) -> float:
    """The CPU seconds that these processes, without their children, have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(raw: RawEngine, tabs: Sequence[Tab], pids: Sequence[int]) -> dict[int, Figures]:
    """By the number of answers at once."""
    figures = {}
    for at_once in AT_ONCE:
        raw_asks, tab_asks = [raw.ask] * at_once, [tab.ask for tab in tabs[:at_once]]
        measure_round(raw_asks), measure_round(tab_asks)  # the model is loaded, its prompt is in the cache
        pairs = [(measure_round(raw_asks), measure_round(tab_asks, lambda: processor_s(pids))) for _ in range(ROUNDS)]
        figures[at_once] = compare(*zip(*pairs, strict=True))
    return figures


def main() -> None:
    """Bring up an installation with a model of its own, measure, and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")))
        model = write_gemma4(folder / "stream.gguf", SHAPE)
        options = {"GEMMAWEB_SLOTS": SLOTS, "GEMMAWEB_CONTEXT_TOKENS": CONTEXT_TOKENS, "GEMMAWEB_ANSWER_MAX_TOKENS": TOKENS}
        product = stack.enter_context(Installation(**{name: str(value) for name, value in options.items()}))
        product.manage("models", "add", str(model), "--name", "stream")
        product.manage("models", "use", "stream")
        system = product.manage("shell", "--no-imports", "-c", "from apps.chat.prompting import SYSTEM; print(SYSTEM)").strip()
        cookies = sign_in(product.url)
        tabs = [Tab(stack.enter_context(open_socket(product.url, cookies))) for _ in range(max(AT_ONCE))]
        running = json.loads((product.home / "run" / "children.json").read_text())
        figures = measure(RawEngine(model, system=system, max_tokens=TOKENS), tabs, [running[name][0] for name in PROGRAMS])
    for at_once, each in figures.items():
        print(
            f"{at_once} at once: {each.share:.2f} of {each.raw_tokens_per_s:.0f} tokens/s, first token {each.first_later_ms:.0f} ms later,"
            f" {each.processor_s_per_1000:.3f} CPU s and {each.frames_per_1000:.0f} frames per 1,000 tokens"
        )


if __name__ == "__main__":
    main()
