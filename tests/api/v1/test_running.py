"""The official client in front of the running product: by TCP, with the real llama.cpp on a synthetic gemma4, and without a model."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from openai import BadRequestError, OpenAI

from tests.api.running import Running
from tests.gguf_writer import Shape, write_gemma4
from tests.product import wait_until

HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]
TOWNS = {"type": "object", "properties": {"town": {"enum": ["Rome", "Paris"]}}, "required": ["town"]}
MODEL = "random-tiny"


@pytest.fixture
def client(running: Running) -> OpenAI:
    """A member's program, which does not try again."""
    return OpenAI(base_url=f"{running.address}/v1", api_key=running.keys["member"], max_retries=0)


@pytest.fixture(scope="module")
def tiny(running: Running) -> Iterator[str]:
    """A model in use for the tests of this file."""
    path = write_gemma4(running.product.home / "tiny.gguf", Shape(context=100_000))
    running.product.manage("models", "add", str(path), "--name", MODEL)
    running.product.manage("models", "use", MODEL)
    yield MODEL
    running.product.manage("models", "use", "quote")


def test_the_documents_answer_without_a_model(running: Running) -> None:
    client = OpenAI(base_url=f"{running.address}/v1", api_key=running.another_workspace("quay"), max_retries=0)
    made: Any = client.chat.completions.create(model="documents:quay", messages=[{"role": "user", "content": "What is the notice period?"}])
    assert made.choices[0].message.content == "> The notice period is three months. [1]"
    assert made.choices[0].message.citations[0]["title"] == "lease.txt"
    assert [model.id for model in client.models.list()] == ["quote", "documents:quay"]


def test_a_model_answers_whole_and_counts(client: OpenAI, tiny: str) -> None:
    made = client.chat.completions.create(model=tiny, messages=HELLO, max_tokens=20)
    assert made.usage
    assert (made.usage.completion_tokens, made.choices[0].finish_reason, made.system_fingerprint) == (20, "length", tiny)
    assert made.usage.prompt_tokens > 5


def test_a_model_answers_as_it_writes(client: OpenAI, tiny: str) -> None:
    stream = client.chat.completions.create(
        model=tiny, messages=HELLO, max_tokens=1500, stream=True, stream_options={"include_usage": True}
    )
    seen: list[tuple[float, Any]] = [(time.monotonic(), chunk) for chunk in stream]
    assert len(seen) > 5
    assert seen[-1][0] - seen[1][0] > 0.1  # it did not all come at the end
    assert seen[-1][1].usage.completion_tokens == 1500


def test_a_model_writes_in_the_form_that_is_wanted(client: OpenAI, tiny: str) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "town", "schema": TOWNS}}
    made = client.chat.completions.create(model=tiny, messages=HELLO, response_format=form)
    assert json.loads(made.choices[0].message.content or "")["town"] in {"Rome", "Paris"}


def test_a_stop_ends_it(client: OpenAI, tiny: str) -> None:
    made = client.chat.completions.create(model=tiny, messages=HELLO, max_tokens=500, stop=["a", "e"])
    assert not set("ae") & set(made.choices[0].message.content or "")
    assert made.choices[0].finish_reason == "stop"


def test_too_long_a_prompt_is_told_by_its_status(client: OpenAI, tiny: str) -> None:
    for stream in (False, True):
        with pytest.raises(BadRequestError) as refused:
            client.chat.completions.create(model=tiny, messages=[{"role": "user", "content": "word " * 20_000}], stream=stream)
        assert refused.value.code == "context_length_exceeded"


def test_a_program_that_goes_away_stops_its_run(client: OpenAI, running: Running, tiny: str) -> None:
    stream = client.chat.completions.create(model=tiny, messages=HELLO, max_tokens=2000, stream=True)
    run = stream.response.headers["x-request-id"]
    next(iter(stream))
    stream.close()
    asked = f"from apps.chat.models import Generation; print(Generation.objects.get(pk='{run}').status)"
    wait_until(lambda: running.product.manage("shell", "-c", asked).split()[-1] == "stopped", "the run to be stopped")


def test_curl_reads_the_stream(running: Running, tiny: str) -> None:
    body = json.dumps({"model": tiny, "messages": HELLO, "max_tokens": 5, "stream": True})
    key = ("-H", f"Authorization: Bearer {running.keys['viewer']}", "-H", "Content-Type: application/json")
    sent = ("curl", "-sSN", "--fail", *key, "-d", body, f"{running.address}/v1/chat/completions")
    lines = subprocess.run(sent, check=True, capture_output=True, text=True).stdout.split("\n\n")
    assert [line.split(" ", 1)[0] for line in lines if line] == ["data:"] * len([line for line in lines if line])
    assert lines[-2] == "data: [DONE]"
