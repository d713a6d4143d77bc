"""The whole path on llama.cpp itself: a tiny model with the real architecture answers, is stopped, and is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from apps.chat import services
from apps.chat.blocks import render
from apps.chat.models import Conversation
from apps.core import loop
from apps.inference import services as inference
from tests.chat.conftest import Ask, Watcher, Worker
from tests.gguf_writer import write_gemma4

pytestmark = pytest.mark.django_db(transaction=True)
Watch = Callable[[str], Watcher]


@pytest.fixture(scope="module", autouse=True)
def _close_the_hosts() -> Iterator[None]:
    yield
    loop.run(inference.keeper().close())


@pytest.fixture(autouse=True)
def _model(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A tiny model is installed, and in use."""
    inference.add_model(path=write_gemma4(tmp_path_factory.mktemp("model") / "tiny.gguf"), name="tiny")
    inference.use_model("tiny")


def test_it_answers(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask("Tell me everything.", conversation=conversation, max_tokens=64)
    worker.wake()
    ended = watcher.until("ended")
    run.refresh_from_db()
    assert (ended["status"], ended["engine"], run.error) == ("done", "tiny", "")
    assert ended["text"] == run.answer.text == watcher.text()
    assert ended["html"] == render(ended["text"])
    assert 0 < run.answer.tokens <= 64
    assert ended["tokens_per_s"] > 0


def test_it_stops(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask("Tell me everything.", conversation=conversation)
    worker.wake()
    watcher.until("delta")
    services.stop(run=run)
    ended = watcher.until("ended")
    assert (ended["status"], ended["text"]) == ("stopped", watcher.text())


def test_an_engine_that_is_killed_goes_on(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    watcher = watch(f"conversation:{conversation.pk}")
    run = ask("Tell me everything.", conversation=conversation, max_tokens=600)
    worker.wake()
    while len(watcher.text()) < 20:
        watcher.until("delta")
    host = inference.keeper().status().pid
    assert host
    os.kill(host, signal.SIGKILL)
    ended = watcher.until("ended")
    run.refresh_from_db()
    assert (ended["status"], ended["attempt"], ended["notes"], run.engine_aborts) == ("done", 1, ["engine_restarted"], 1)
    assert ended["text"] == watcher.text()
