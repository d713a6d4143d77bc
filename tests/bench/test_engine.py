"""bench/engine: its arithmetic on rounds made by hand, and its tab against a scripted socket."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Barrier, Thread
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from bench.asking import Answer, Program, Tab, open_socket
from bench.engine import ANSWERS_MIN, PARAGRAPHS, TOKENS, Round, compare, measure_round, processor_s

ENDED: dict[str, Any] = {"type": "ended", "status": "done", "text": "Nine.", "notes": []}


def rounds(*speeds: float, first_s: float, chars: int = 4000, processor_s: float = 0.0) -> list[Round]:
    return [Round(speed, first_s, chars, 256, processor_s) for speed in speeds]


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
    product = rounds(450, 10, 400, first_s=0.028, processor_s=0.0512)
    figures = compare(rounds(500, 600, 1, first_s=0.02), product)
    assert figures.share == 0.8
    assert figures.raw_tokens_per_s == 500
    assert figures.first_later_ms == pytest.approx(8)
    assert figures.processor_s_per_1000 == pytest.approx(0.1)
    assert figures.frames_per_1000 == 500


def test_answers_of_another_length_compare_with_nothing() -> None:
    with pytest.raises(SystemExit, match="characters"):
        compare(rounds(500, first_s=0.02), rounds(900, first_s=0.02, chars=2000))


@pytest.mark.parametrize("at_once", [1, 2, 4, 8])
def test_a_round_asks_all_questions_at_once(at_once: int) -> None:
    asked: list[str] = []
    together = Barrier(at_once)

    def ask(question: str) -> Answer:
        together.wait(timeout=10)
        asked.append(question)
        return Answer(0.5, "four", 2)

    measured = measure_round([ask] * at_once)
    assert len(set(asked)) == max(ANSWERS_MIN, at_once)
    assert (measured.first_s, measured.chars, measured.frames) == (0.5, 4, 2)


def test_a_round_knows_its_own_speed_and_processor_time() -> None:
    clock = iter([3.0, 3.5])

    def ask(_: str) -> Answer:
        time.sleep(0.01)
        return Answer(0, "", 1)

    measured = measure_round([ask], lambda: next(clock))
    assert 0 < measured.tokens_per_s <= TOKENS / 0.01
    assert measured.processor_s == 0.5 / ANSWERS_MIN


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


@contextmanager
def program(status: int, *chunks: dict[str, Any]) -> Iterator[Program]:
    """A program whose server streams `chunks` to whoever asks."""
    asked: list[dict[str, Any]] = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever).start()
    try:
        yield Program(f"http://127.0.0.1:{server.server_port}", "key", model="small", system="Be brief.")
        assert [said["content"] for said in asked[0]["messages"]] == ["Be brief.", "When?"]
    finally:
        server.shutdown()
        server.server_close()


def chunk(text: str) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}}]}


def test_a_program_reads_the_stream() -> None:
    with program(200, chunk(""), chunk("Ni"), chunk("ne."), {"choices": []}) as one:
        answer = one.ask("When?")
    assert (answer.text, answer.frames) == ("Nine.", 2)
    assert answer.first_s > 0


@pytest.mark.parametrize(("status", "chunks"), [(200, [{"error": {"code": "internal"}}]), (503, [])])
def test_a_program_that_is_not_answered_is_no_figure(status: int, chunks: list[dict[str, Any]]) -> None:
    with program(status, *chunks) as one, pytest.raises(SystemExit, match="answer"):
        one.ask("When?")
