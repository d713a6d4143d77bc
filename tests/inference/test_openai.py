"""A server on the network answers: llama.cpp's own, and one of ours with every fault."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from apps.inference.engines import http_stream
from apps.inference.engines.base import (
    CallPiece,
    ChatRequest,
    EngineError,
    EngineUnavailable,
    Piece,
    PromptTooLong,
    Sampling,
    TextPiece,
    ThinkingPiece,
    ToolCall,
    Wanted,
)
from apps.inference.engines.network import read_address
from apps.inference.engines.openai import Backend, OpenAIEngine

from .answers import text_of, usage_of
from .openai_server import Handler, Script, Server, answer_well, llama_server, serving


@pytest.fixture(scope="session")
def llama(tiny: Path) -> Iterator[Backend]:
    """llama.cpp's own server with the tiny Gemma."""
    with llama_server(tiny) as (url, key):
        yield Backend(read_address(url), "tiny", key)


async def pieces_of(*backends: Backend, question: str = "Why?", **request: Any) -> list[Piece]:
    """All pieces of one answer."""
    engine = OpenAIEngine("remote", backends)
    return [piece async for piece in engine.stream(ChatRequest(question, **{"max_tokens": 16, **request}))]


async def failure(*scripts: Script) -> EngineError:
    """What becomes of a question to servers with these scripts."""
    with ExitStack() as stack:
        backends = [stack.enter_context(serving(script)).backend() for script in scripts]
        with pytest.raises(EngineError) as caught:
            await pieces_of(*backends)
    return caught.value


async def test_it_streams_text_and_then_figures(llama: Backend) -> None:
    pieces = await pieces_of(llama, max_tokens=60)
    assert sum(isinstance(piece, TextPiece) for piece in pieces) > 20
    usage = usage_of(pieces)
    assert usage.answer_tokens == 60
    assert usage.prompt_tokens > 3
    assert usage.tokens_per_s > 0


async def test_many_are_answered_at_once(llama: Backend) -> None:
    answers = await asyncio.gather(*(pieces_of(llama, question=f"Question {n}", max_tokens=10) for n in range(5)))
    assert [usage_of(pieces).answer_tokens for pieces in answers] == [10] * 5


async def test_a_closed_answer_frees_the_server_at_once(llama: Backend) -> None:
    answers = [OpenAIEngine("remote", [llama]).stream(ChatRequest("Go on", max_tokens=1900)) for _ in range(2)]
    for answer in answers:  # all its slots
        await anext(answer)
    began = time.monotonic()
    for answer in answers:
        await answer.aclose()
    assert time.monotonic() - began < 0.2
    async with asyncio.timeout(2):
        assert await pieces_of(llama, max_tokens=1)
    assert llama.load.busy == 0


async def test_a_question_that_does_not_fit_is_refused(llama: Backend) -> None:
    with pytest.raises(PromptTooLong, match="too long for the server's model"):
        await pieces_of(llama, question="the " * 5000)
    assert await pieces_of(llama, max_tokens=2)


async def test_what_people_write_is_no_command(llama: Backend) -> None:
    plain = usage_of(await pieces_of(llama, question="a b", max_tokens=1)).prompt_tokens
    for command in ("<turn|>", "<|turn>"):
        assert usage_of(await pieces_of(llama, question=f"a {command} b", max_tokens=1)).prompt_tokens > plain + 3


async def test_it_goes_on_from_what_was_written(llama: Backend) -> None:
    bare = usage_of(await pieces_of(llama, max_tokens=1)).prompt_tokens
    assert usage_of(await pieces_of(llama, max_tokens=1, written="the and of")).prompt_tokens > bare + 3


async def test_it_lists_its_models(llama: Backend) -> None:
    assert len(await llama.models()) == 1


async def test_a_wrong_key_has_a_sentence(llama: Backend) -> None:
    stranger = Backend(llama.address, "tiny", "wrong")
    with pytest.raises(EngineUnavailable, match="refuses the key"):
        await pieces_of(stranger)
    assert llama.key not in repr(llama)


async def test_counting_is_a_careful_guess(llama: Backend) -> None:
    engine = OpenAIEngine("remote", [llama])
    assert [await engine.count_tokens(text) for text in ("", "a", "abcdef")] == [0, 1, 2]
    with pytest.raises(EngineUnavailable):
        await engine.embed(["a"])


async def test_what_a_program_asks_for_is_passed_on() -> None:
    tools = [{"type": "function", "function": {"name": "time"}}]
    wanted = Wanted(tools=json.dumps(tools), choice="required", is_parallel=False, schema='{"type":"object"}')
    with serving() as server:
        await pieces_of(server.backend(), wanted=wanted, sampling=Sampling(temperature=0.5, seed=7, stop=("x",)))
    (body,) = server.bodies
    assert (body["tools"], body["tool_choice"], body["parallel_tool_calls"]) == (tools, "required", False)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (body["temperature"], body["seed"], body["stop"], "top_p" in body) == (0.5, 7, ["x"], False)


def call_a_tool(handler: Handler) -> None:
    """A call in two pieces, no text at all."""
    handler.begin()
    handler.word("", tool_calls=[{"index": 0, "id": "a", "type": "function", "function": {"name": "time", "arguments": "{"}}])
    handler.word("", tool_calls=[{"index": 0, "function": {"arguments": "}"}}])
    handler.end()


async def test_a_call_of_a_tool_comes_whole() -> None:
    with serving(call_a_tool) as server:
        pieces = await pieces_of(server.backend())
    assert [piece.call for piece in pieces if isinstance(piece, CallPiece)] == [ToolCall("a", "time", "{}")]


async def test_a_begun_answer_in_a_form_is_not_gone_on_with() -> None:
    with serving() as server, pytest.raises(EngineError):
        await pieces_of(server.backend(), wanted=Wanted(schema="{}"), written="Half of it")


async def test_it_sends_what_the_protocol_wants() -> None:
    with serving() as server:
        sampling = Sampling(temperature=0.0, stop=("END",))
        assert text_of(await pieces_of(server.backend(key="sesame"), system="Be kind.", sampling=sampling)) == "It is blue."
    (body,), (headers,) = server.bodies, server.headers_seen
    assert (server.paths, headers["Authorization"]) == (["/v1/chat/completions"], "Bearer sesame")
    assert body["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
    assert (body["model"], body["max_tokens"], body["stream"]) == ("gemma", 16, True)
    assert (body["temperature"], body["stop"], "seed" in body) == (0.0, ["END"], False)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_thinking_is_no_answer(name: str) -> None:
    def think(handler: Handler) -> None:
        handler.begin()
        handler.word("", **{name: "Hm."})
        handler.word("Yes.")
        handler.end()

    with serving(think) as server:
        pieces = await pieces_of(server.backend())
    assert pieces[0] == ThinkingPiece("Hm.")
    assert (text_of(pieces), usage_of(pieces).prompt_tokens, usage_of(pieces).answer_tokens) == ("Yes.", 7, 3)


async def test_slow_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_stream, "STALL_S", 0.4)

    def dribble(handler: Handler) -> None:
        handler.begin()
        for _ in range(10):
            handler.word("a")
            time.sleep(0.1)
        handler.end()

    with serving(dribble) as server:
        assert text_of(await pieces_of(server.backend())) == "a" * 10


async def test_a_stall_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_stream, "STALL_S", 0.1)

    def stall(handler: Handler) -> None:
        handler.begin()
        handler.word("a")
        time.sleep(0.5)

    assert "sent nothing for 0.1 seconds" in str(await failure(stall))


async def test_a_server_that_never_begins_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_stream, "FIRST_BYTE_S", 0.1)
    with serving(lambda _: time.sleep(0.5)) as server, pytest.raises(EngineUnavailable, match="sent nothing for"):
        async with http_stream.request(server.backend().address, "/v1/x", key="", allow_public=False, body={"a": 1}, first_byte_s=0.1):
            pass


def cut(handler: Handler) -> None:
    """One word, and the connection is gone."""
    handler.begin()
    handler.word("It ")
    handler.close_connection = True


def refuse(status: int, message: str = "no") -> Script:
    """A failure as servers send it."""
    return lambda handler: handler.say(status, {"error": {"message": message, "type": "x"}})


async def test_a_cut_in_the_middle_is_never_taken_over() -> None:
    with serving(cut) as first, serving() as second:
        engine = OpenAIEngine("remote", [first.backend(), second.backend()])
        answer = engine.stream(ChatRequest("Why?"))
        assert await anext(answer) == TextPiece("It ")
        with pytest.raises(EngineError, match="ended its answer in the middle") as caught:
            await anext(answer)
    assert caught.value.code == "engine_failed"
    assert second.paths == []


def wrong_json(handler: Handler) -> None:
    handler.begin()
    handler.event("{nonsense")


def wrong_shape(handler: Handler) -> None:
    handler.begin()
    handler.event({"choices": [{"text": "an older protocol"}]})


def endless_line(handler: Handler) -> None:
    handler.begin()
    handler.wfile.write(b"data: " + b"x" * 3_000_000)


def told_in_the_stream(handler: Handler) -> None:
    handler.begin()
    handler.event({"error": {"message": "out of memory"}})


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


FAULTS = [
    refuse(500),
    refuse(503),
    refuse(429),
    refuse(404),
    refuse(401),
    wrong_json,
    wrong_shape,
    told_in_the_stream,
    hang_up,
    endless_line,
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failure_before_the_first_word_is_taken_over(fault: Script) -> None:
    with serving(fault) as first, serving() as second:
        assert text_of(await pieces_of(first.backend(), second.backend())) == "It is blue."
    assert len(first.paths) == 1


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (refuse(401, "Incorrect key sesame"), "The server refuses the key: connect it anew with the right one."),
        (refuse(500, "boom"), "The server answered with status 500. x  boom"),
        (refuse(503), "The server has too much to do, or still loads its model."),
        (refuse(404), "The server does not know the model 'gemma'"),
        (lambda handler: handler.say(302, b"", Location="http://169.254.169.254/"), "which is not followed"),
        (lambda handler: handler.say(502, b"<html>"), "The server answered with status 502."),
        (wrong_json, "is not what an OpenAI-compatible server sends"),
        (told_in_the_stream, "The model reported an error: out of memory"),
        (hang_up, "The connection to the server broke off."),
    ],
)
async def test_a_failure_has_a_sentence(script: Script, sentence: str) -> None:
    assert sentence in str(await failure(script))


async def test_too_long_is_not_tried_elsewhere() -> None:
    too_long = refuse(400, "This model's maximum context length is 512 tokens")
    with serving(too_long) as first, serving() as second, pytest.raises(PromptTooLong):
        await pieces_of(first.backend(), second.backend())
    assert second.paths == []


async def test_without_a_server_there_is_a_sentence() -> None:
    with pytest.raises(EngineUnavailable, match="No server is connected"):
        await pieces_of()


async def test_a_server_that_is_down_is_passed_over() -> None:
    with serving() as gone:
        dead = gone.backend()
    with serving() as alive:
        for _ in range(2):
            assert text_of(await pieces_of(dead, alive.backend())) == "It is blue."
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await pieces_of(dead)


async def test_the_least_busy_server_is_asked() -> None:
    def hold(handler: Handler) -> None:
        handler.begin()
        handler.word("a")
        time.sleep(0.3)
        handler.end()

    with serving(hold) as first, serving(hold) as second:
        backends = (first.backend(), second.backend())
        await asyncio.gather(*(pieces_of(*backends) for _ in range(4)))
    assert (len(first.paths), len(second.paths)) == (2, 2)


async def test_who_has_failed_is_asked_last_for_a_while() -> None:
    with serving(refuse(500)) as first, serving() as second:
        backends = (first.backend(), second.backend())
        for _ in range(3):
            await pieces_of(*backends)
    assert (len(first.paths), len(second.paths)) == (1, 3)


async def test_the_server_notices_a_stop() -> None:
    def talk(handler: Handler) -> None:
        handler.begin()
        for _ in range(1000):
            handler.word("a")
            time.sleep(0.005)

    with serving(talk) as server:
        answer = OpenAIEngine("remote", [server.backend()]).stream(ChatRequest("Why?"))
        await anext(answer)
        await answer.aclose()
        assert await asyncio.to_thread(server.hung_up.wait, 2)


async def test_the_loop_is_free_meanwhile() -> None:
    def late(handler: Handler) -> None:
        time.sleep(0.3)
        answer_well(handler)

    with serving(late) as server:
        asking = asyncio.create_task(pieces_of(server.backend()))
        turns = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
    assert turns > 10


def test_a_key_is_in_no_text() -> None:
    assert "sesame" not in repr(Server().backend(key="sesame"))
