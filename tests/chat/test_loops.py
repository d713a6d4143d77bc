"""An answer that repeats itself is ended; what is long and alike for a reason is not."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chat.loops import BLANK_CHARS, LoopDetector
from apps.chat.models import Conversation, Generation
from apps.inference.engines.base import ThinkingPiece, UsagePiece
from tests.chat.conftest import Ask, Watcher, Worker
from tests.chat.scripted import Gate, ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]
VERSE = "The tide comes in and the tide goes out,\nand nobody knows what it is about {n},\nbut the {n} boats in the harbour do.\n"
REFRAIN = "Heave away, haul away,\nheave away, my bonny boys,\nfor we are bound away.\n\n"
ENTRY = '{{"id": {n}, "name": "berth", "open": true, "depth_m": 4.5, "notes": "free for guests until the end of the season"}},\n'
FUNCTION = "    def test_it_opens_{n}(self) -> None:\n        assert harbour.opens_at({n}) == 6\n        assert harbour.is_open\n\n"
WIDE_ROW = (
    "| {n} | The harbour is open from six to ten, except on Sundays and holidays, when it is open from eight to noon. | yes | yes |\n"
)
LEGITIMATE = {
    "a table of 300 rows": "".join(f"| {n} | open | 6:00 | yes | no |\n" for n in range(300)),
    "a table of wide rows": "".join(WIDE_ROW.format(n=n) for n in range(300)),
    "a list of 300 similar rows": "".join(f"- Row {n}: the harbour is open from six to ten.\n" for n in range(300)),
    "a numbered list": "".join(f"{n}. Yes.\n" for n in range(1, 500)),
    "records": "[" + "".join(ENTRY.format(n=n) for n in range(200)) + "]",
    "tests": "".join(FUNCTION.format(n=n) for n in range(120)),
    "a song": "".join(VERSE.format(n=n) + REFRAIN for n in range(60)),
    "a matrix of zeros": "[" + ("[" + "0, " * 32 + "],\n") * 32 + "]",
    "an empty table of HTML": ("<tr>" + "<td></td>" * 16 + "</tr>\n") * 16,
    "a line": "-" * 400 + "\n\n" + "=" * 400,
    "a wide table's padding": ("| x" + " " * 300 + "|\n") * 12,
    "the answer to everything": "42",
    "laughter": "ha" * 200,
}
LOOPS = {
    "a word": "the " * 2_000,
    "a sentence": "The harbour opens at six in the morning. " * 200,
    "a line of a list": "- The harbour opens at six.\n" * 300,
    "a paragraph": ("The harbour opens at six. Boats wait outside until the lock keeper has had his tea. " * 6 + "\n\n") * 20,
    "a row of a table": "| 1 | open | 6:00 | yes | no |\n" * 300,
    "no spaces": "港は六時に開きます。" * 800,
    "a letter": "a" * 8_000,
    "signs": "-" * 9_000,
    "blank lines": "\n" * (BLANK_CHARS + 300),
    "blanks": "Well, " + " \t" * BLANK_CHARS,
    "a text inside JSON": '{"summary": "' + "It opens at six.\\n" * 300,
}


def ends_at(text: str, size: int) -> int | None:
    """After how many characters the text was found to repeat itself, read in pieces of `size`."""
    detector = LoopDetector()
    for start in range(0, len(text), size):
        if detector.feed(text[start : start + size]):
            return start + size
    return None


@pytest.mark.parametrize("size", [1, 4, 999, 100_000])
@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_is_long_and_alike_is_let_through(name: str, size: int) -> None:
    assert ends_at(LEGITIMATE[name], size) is None


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_found(name: str, size: int) -> None:
    assert ends_at(LOOPS[name], size)


@pytest.mark.parametrize("name", ["a word", "a sentence", "a line of a list", "a row of a table", "no spaces", "a text inside JSON"])
def test_it_is_found_soon(name: str) -> None:
    assert (ends_at(LOOPS[name], 4) or 99_999) < 4_000


def test_a_loop_with_noise_in_it_is_found() -> None:
    chance = random.Random(7)
    lines = ["The harbour opens at six in the morning.", "The lock keeper has had his tea by then."]
    assert ends_at(" ".join(chance.choice(lines) for _ in range(400)), 4)


def test_a_loop_behind_a_good_beginning_is_found() -> None:
    good = "".join(LEGITIMATE[name] for name in ("a song", "tests"))
    found = ends_at(good + LOOPS["a sentence"], 4)
    assert found
    assert found > len(good)


@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=12))
def test_any_part_over_and_over_is_a_loop(parts: list[str]) -> None:
    part = "".join(parts)[:1_500]
    assert ends_at(part * (20_000 // len(part) + 1), 64)


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_words_by_chance_are_none(seed: int, size: int) -> None:
    chance = random.Random(seed)
    words = [f"w{number}" for number in range(60)]
    assert ends_at(" ".join(chance.choice(words) for _ in range(3_000)), size) is None


@given(st.text(max_size=120).filter(lambda text: not any(mark.isdigit() for mark in text)), st.integers(0, 10**6))
def test_rows_that_are_numbered_are_none(row: str, start: int) -> None:
    assert ends_at("".join(f"{number} {row}\n" for number in range(start, start + 300)), 50) is None


def test_it_costs_next_to_nothing() -> None:
    text = " ".join(f"word{number % 977}" for number in range(20_000))
    began = time.process_time()
    assert ends_at(text, 5) is None
    assert time.process_time() - began < 1.0  # 30,000 pieces


def test_such_an_answer_is_ended_as_cut(
    ask: Ask, scripted: Script, worker: Worker, watch: Callable[[str], Watcher], conversation: Conversation
) -> None:
    engine = scripted("Well.\n\n", *["It opens at six. "] * 400, Gate())  # nobody opens it: the engine is closed instead
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask(conversation=conversation)
    worker.wake()
    ended = watcher.until("ended")
    run.refresh_from_db()
    assert (run.status, run.is_cut, run.notes, run.error) == ("done", True, ["repeats"], "")
    assert ended["notes"] == ["repeats"]
    assert engine.closed.is_set()
    assert run.answer.text.startswith("Well.\n\nIt opens at six. It opens")
    assert len(run.answer.text) < 4_000


def test_thoughts_without_end_are_ended_too(ask: Ask, scripted: Script, worker: Worker) -> None:
    scripted(*[ThinkingPiece("But is it six? ")] * 500, Gate())
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.is_cut, run.notes, run.answer.text) == ("done", True, ["repeats"], "")


def test_what_an_earlier_attempt_wrote_counts(ask: Ask, scripted: Script, worker: Worker) -> None:
    run = ask()
    Generation.objects.filter(pk=run.pk).update(text="It opens at six. " * 170)
    scripted(*["It opens at six. "] * 220, Gate())
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.is_cut, run.notes) == ("done", True, ["repeats"])


def test_a_good_answer_has_no_such_note(ask: Ask, scripted: Script, worker: Worker) -> None:
    scripted(LEGITIMATE["a list of 300 similar rows"], UsagePiece(10, 2_000, 5.0))
    run = ask()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.is_cut, run.notes) == (False, [])


def test_free_text_inside_a_form_is_looked_at_too() -> None:
    record: dict[str, Any] = {"name": "harbour", "summary": "It opens at six. " * 300}
    assert ends_at(json.dumps(record), 4)
