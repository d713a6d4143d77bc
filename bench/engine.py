"""python -m bench.engine [--sizes small large] [--at-once 1 2 4 8 16] [--rounds 3]

What the product costs between a model and whoever asks: its websocket and its OpenAI API against llama.cpp in this process, with the
same file, prompt, sampling and slots, in alternating rounds of answers of 512 tokens, so many of them at once.

The files are written for it: gemma4 with 38 M and with half a thousand million random weights. Medians of the rounds: the share of the
raw tokens/s, how many ms later the first token comes, and the CPU seconds of web and workers (the engine host left out) per 1,000
tokens. They grow with the number of frames, of which a slow machine needs more for the same text: a frame is what came in 80 ms.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.asking import Answer, Program, RawEngine, Tab, open_socket, sign_in
from bench.installation import Installation
from tests.gguf_writer import Shape, write_gemma4

TOKENS = 512
ANSWERS_MIN = 4  # of a round
AT_ONCE = (1, 2, 4, 8, 16)
CONTEXT_TOKENS = 2048
PROGRAMS = ("web", "generation", "ingest", "sweep")
LENGTH_TOLERANCE = 0.1
# One word in thirty ends a paragraph: a text without line ends would be one open block up to its end.
PARAGRAPHS = tuple(f"\u2581{''.join(signs)}a.\n\n" for signs in itertools.product("bcdfghklmnprstvw", "aeiou", "bdgkmnr"))
SHAPE = Shape("small", width=384, layers=12, heads=4, head_dim=128, feed_forward=1536, words=16384, extra_tokens=PARAGRAPHS)
LARGE = Shape("large", width=1024, layers=30, heads=8, head_dim=128, feed_forward=4096, words=16384, extra_tokens=PARAGRAPHS)
SHAPES = {shape.name: shape for shape in (SHAPE, LARGE)}

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Round:
    """Some answers: tokens a second of all; of one when its first came, its length, its frames and its cost."""

    tokens_per_s: float
    first_s: float
    chars: float
    frames: float
    processor_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One way into the product beside the raw engine, by the medians of their rounds."""

    share: float
    first_later_ms: float
    processor_s_per_1000: float
    frames_per_1000: float
    raw_tokens_per_s: float

    def __str__(self) -> str:
        return (
            f"{self.share:.2f} of {self.raw_tokens_per_s:.0f} tokens/s, first token {self.first_later_ms:.0f} ms later,"
            f" {self.processor_s_per_1000:.3f} CPU s and {self.frames_per_1000:.0f} frames per 1,000 tokens"
        )


def measure_round(asks: Sequence[Ask], processor_s: Callable[[], float] = lambda: 0.0) -> Round:
    """Let each of `asks` have its part of the questions, all of them at once. Lengths, frames and cost are those of an answer."""
    count = max(ANSWERS_MIN, len(asks))
    questions = [[f"Question {number}?" for number in range(start, count, len(asks))] for start in range(len(asks))]
    before_s, began = processor_s(), time.perf_counter()
    with ThreadPoolExecutor(len(asks)) as pool:
        answers = list(itertools.chain(*pool.map(_in_turn, asks, questions)))
    tokens_per_s = count * TOKENS / (time.perf_counter() - began)
    return Round(
        tokens_per_s=tokens_per_s,
        first_s=median(answer.first_s for answer in answers),
        chars=sum(len(answer.text) for answer in answers) / count,
        frames=sum(answer.frames for answer in answers) / count,
        processor_s=(processor_s() - before_s) / count,
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
        processor_s_per_1000=1000 * median(each.processor_s for each in product) / TOKENS,
        frames_per_1000=1000 * median(each.frames for each in product) / TOKENS,
        raw_tokens_per_s=raw_tokens_per_s,
    )


def processor_s(pids: Iterable[int]) -> float:
    """The CPU seconds that these processes, without their children, have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(raw: Ask, doors: dict[str, Sequence[Ask]], pids: Sequence[int], *, rounds: int) -> Iterator[tuple[str, Figures]]:
    """By the name of the door, all of whose `Ask`s are used at once."""
    asks = {"raw": [raw] * len(next(iter(doors.values()))), **doors}
    done: dict[str, list[Round]] = {name: [] for name in asks}
    for each in asks.values():
        measure_round(each)  # the model is loaded, its prompt is in the cache
    for _ in range(rounds):
        for name, each in asks.items():
            done[name].append(measure_round(each, lambda: processor_s(pids)))
    for name in doors:
        yield name, compare(done["raw"], done[name])


def main() -> None:
    """Bring up an installation with models of its own, measure, and print as the figures come."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--at-once", nargs="+", type=int, default=AT_ONCE)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    slots = max(wanted.at_once)
    options = {"GEMMAWEB_SLOTS": slots, "GEMMAWEB_CONTEXT_TOKENS": CONTEXT_TOKENS, "GEMMAWEB_ANSWER_MAX_TOKENS": TOKENS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")))
        product = stack.enter_context(Installation(**{name: str(value) for name, value in options.items()}))
        system = product.manage("shell", "--no-imports", "-c", "from apps.chat.prompting import SYSTEM; print(SYSTEM)").strip()
        cookies = sign_in(product.url)
        running = json.loads((product.home / "run" / "children.json").read_text())
        pids = [running[name][0] for name in PROGRAMS]
        for size in wanted.sizes:
            model = write_gemma4(folder / f"{size}.gguf", SHAPES[size])
            product.manage("models", "add", str(model), "--name", size)
            product.manage("models", "use", size)
            raw = RawEngine(model, system=system, max_tokens=TOKENS, slots=slots, context_tokens=CONTEXT_TOKENS)
            program = Program(product.url, product.key, model=size, system=system)
            for at_once in wanted.at_once:
                with ExitStack() as open_tabs:  # no more of them than are used: each is told of all its person's conversations
                    tabs = [Tab(open_tabs.enter_context(open_socket(product.url, cookies))) for _ in range(at_once)]
                    doors: dict[str, Sequence[Ask]] = {"socket": [tab.ask for tab in tabs], "/v1": [program.ask] * at_once}
                    for door, figures in measure(raw.ask, doors, pids, rounds=wanted.rounds):
                        print(f"{size}, {at_once} at once, {door}: {figures}", flush=True)


if __name__ == "__main__":
    main()
