"""bench/stream: its arithmetic on rounds made by hand, and its tab against a scripted socket."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from bench.asking import Answer, Tab, open_socket
from bench.stream import ANSWERS, PARAGRAPHS, TOKENS, Round, compare, measure_round, processor_s

ENDED: dict[str, Any] = {"type": "ended", "status": "done", "text": "Nine.", "notes": []}


def rounds(*speeds: float, first_s: float, chars: int = 4000, processor_s: float = 0.0) -> list[Round]:
    return [Round(speed, first_s, chars, 1024, processor_s) for speed in speeds]


@contextmanager
def tab(*frames: dict[str, Any]) -> Iterator[Tab]:
    """A tab of a server that answers every question with `frames`."""

    def answer(socket: ServerConnection) -> None:
        asked = json.loads(socket.recv())
        assert asked["type"] == "ask"
        assert asked["text"] == "When?"
        for frame in frames:
            socket.send(json.dumps(frame))

    with serve(answer, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever).start()
        try:
            with open_socket(f"http://127.0.0.1:{server.socket.getsockname()[1]}", "a=b") as socket:
                yield Tab(socket)
        finally:
            server.shutdown()


def test_it_compares_medians() -> None:
    product = rounds(450, 10, 400, first_s=0.028, processor_s=0.2048)
    figures = compare(rounds(500, 600, 1, first_s=0.02), product)
    assert figures.share == 0.8
    assert figures.raw_tokens_per_s == 500
    assert figures.first_later_ms == pytest.approx(8)
    assert figures.processor_s_per_1000 == pytest.approx(0.1)
    assert figures.frames_per_1000 == 500


def test_answers_of_another_length_compare_with_nothing() -> None:
    with pytest.raises(SystemExit, match="characters"):
        compare(rounds(500, first_s=0.02), rounds(900, first_s=0.02, chars=2000))


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_a_round_asks_all_questions_at_once(at_once: int) -> None:
    asked: list[str] = []
    together = Barrier(at_once)

    def ask(question: str) -> Answer:
        together.wait(timeout=10)
        asked.append(question)
        return Answer(0.5, "four", 2)

    measured = measure_round([ask] * at_once)
    assert len(set(asked)) == ANSWERS
    assert (measured.first_s, measured.chars, measured.frames) == (0.5, 4 * ANSWERS, 2 * ANSWERS)


def test_a_round_knows_its_own_speed_and_processor_time() -> None:
    clock = iter([3.0, 3.5])

    def ask(_: str) -> Answer:
        time.sleep(0.01)
        return Answer(0, "", 1)

    measured = measure_round([ask], lambda: next(clock))
    assert 0 < measured.tokens_per_s <= TOKENS / 0.01
    assert measured.processor_s == 0.5


def test_processor_time_is_that_of_the_process() -> None:
    times = os.times()
    assert processor_s([os.getpid()]) == pytest.approx(times.user + times.system, abs=0.5)
    assert processor_s([]) == 0


def test_no_paragraph_is_written_twice() -> None:
    assert len(set(PARAGRAPHS)) == len(PARAGRAPHS) == 560


def test_the_first_text_may_come_in_a_snapshot() -> None:
    frames: list[dict[str, Any]] = [
        {"type": "asked"},
        {"type": "snapshot", "text": "Ni"},
        {"type": "delta", "text": "ne."},
        {"type": "delta"},
        ENDED,
    ]
    with tab(*frames) as page:
        answer = page.ask("When?")
    assert (answer.text, answer.frames) == ("Nine.", 2)
    assert answer.first_s > 0


@pytest.mark.parametrize(
    "frame", [{"type": "error", "code": "not_found"}, ENDED | {"status": "failed"}, ENDED | {"notes": ["model_failed"]}]
)
def test_whoever_is_not_answered_is_no_figure(frame: dict[str, Any]) -> None:
    with tab(frame) as page, pytest.raises(SystemExit, match="did not answer"):
        page.ask("When?")
