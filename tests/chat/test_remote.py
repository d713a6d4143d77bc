"""The whole path with a server on the network: it answers, is stopped, and breaks off."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from apps.chat import services
from apps.chat.models import Conversation
from apps.inference import servers
from tests.chat.conftest import Ask, Watcher, Worker
from tests.inference.openai_server import Handler, Server, serving

pytestmark = pytest.mark.django_db(transaction=True)
Watch = Callable[[str], Watcher]


def use(server: Server) -> None:
    """Connected, and in use."""
    servers.connect_server(url=server.url, name="remote")
    servers.use_remote("remote")


def test_it_answers_and_says_who(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    watcher = watch(f"conversation:{conversation.pk}")
    with serving() as server:
        use(server)
        run = ask("What colour is the sky?", conversation=conversation)
        worker.wake()
        ended = watcher.until("ended")
    run.answer.refresh_from_db()
    assert (ended["status"], ended["engine"], ended["text"]) == ("done", "remote", "It is blue.")
    assert (run.answer.engine, run.answer.tokens) == ("remote", 3)


def test_it_stops(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    def talk(handler: Handler) -> None:
        handler.begin()
        for _ in range(2000):
            handler.word("a ")
            time.sleep(0.005)

    watcher = watch(f"conversation:{conversation.pk}")
    with serving() as server:
        use(server)
        server.on_chat = talk
        run = ask("Go on.", conversation=conversation)
        worker.wake()
        watcher.until("delta")
        services.stop(run=run)
        ended = watcher.until("ended")
        assert server.hung_up.wait(2)
    assert (ended["status"], ended["text"]) == ("stopped", watcher.text())


def test_where_none_answers_the_documents_do(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    watcher = watch(f"conversation:{conversation.pk}")
    with serving() as server:
        use(server)
    ask("What colour is the sky?", conversation=conversation)
    worker.wake()
    ended = watcher.until("ended")
    assert (ended["status"], ended["engine"], ended["notes"]) == ("done", "quote", ["model_failed"])


def test_what_breaks_off_is_gone_on_with(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> None:
    def once(handler: Handler) -> None:
        handler.begin()
        handler.word("It is ")
        if len(server.bodies) > 2:  # the first was the trial
            handler.word("blue.")
            handler.end()
        handler.close_connection = True

    watcher = watch(f"conversation:{conversation.pk}")
    with serving() as server:
        use(server)
        server.on_chat = once
        ask("What colour is the sky?", conversation=conversation)
        worker.wake()
        ended = watcher.until("ended")
        assert server.bodies[-1]["messages"][-2] == {"role": "assistant", "content": "It is"}
    assert (ended["status"], ended["notes"]) == ("done", ["engine_restarted"])
