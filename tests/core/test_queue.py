"""Wake-ups, by the real broker: what was committed is sent, to its own queue; a broker that is gone harms nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from kombu import Connection

from apps.accounts.models import User
from apps.core import queue
from apps.documents.models import DocumentVersion
from apps.documents.services import store_upload
from apps.documents.sweep import sweep
from apps.workspaces.models import Workspace

QUEUES = ("generation", "ingest", "models", "sweep")


@pytest.fixture
def broker() -> Iterator[Connection]:
    """The broker, its queues empty before and after."""
    with current_app.connection_for_read() as connection:
        for name in QUEUES:
            connection.SimpleQueue(name).clear()
        yield connection
        for name in QUEUES:
            connection.SimpleQueue(name).clear()


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where the broker should be."""
    elsewhere = Celery("elsewhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    elsewhere.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(queue, "current_app", elsewhere)


def waiting(broker: Connection, name: str) -> list[Any]:
    """The messages that stand in the queue."""
    simple = broker.SimpleQueue(name, no_ack=True)
    messages = []
    with suppress(simple.Empty):
        while True:
            messages.append(simple.get_nowait())
    return messages


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("chat.wake", "generation"),
        ("documents.wake", "ingest"),
        ("inference.wake", "models"),
        ("inference.sweep", "sweep"),
        ("chat.sweep", "sweep"),
    ],
)
def test_each_task_waits_in_its_own_queue(broker: Connection, task: str, name: str) -> None:
    queue.send(task)
    assert [message.headers["task"] for message in waiting(broker, name)] == [task]
    assert not any(waiting(broker, other) for other in QUEUES if other != name)


def test_a_message_is_json_and_carries_its_words(broker: Connection) -> None:
    queue.send("documents.forget", "an id")
    (message,) = waiting(broker, "ingest")
    assert message.content_type == "application/json"
    assert message.payload[:2] == [["an id"], {}]


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE.values())
def test_a_sweep_never_waits_behind_a_file(entry: dict[str, Any]) -> None:
    options = current_app.amqp.router.route(dict(entry.get("options", {})), entry["task"])
    assert options["queue"].name == "sweep"


def test_without_a_transaction_it_is_sent_at_once(broker: Connection, transactional_db: None) -> None:
    queue.send_on_commit("chat.wake")
    assert len(waiting(broker, "generation")) == 1


def test_it_is_sent_after_the_commit_not_before(broker: Connection, transactional_db: None) -> None:
    with transaction.atomic():
        queue.send_on_commit("chat.wake")
        assert waiting(broker, "generation") == []
    assert len(waiting(broker, "generation")) == 1


def test_what_is_rolled_back_is_not_sent(broker: Connection, transactional_db: None) -> None:
    with transaction.atomic():
        queue.send_on_commit("chat.wake")
        transaction.set_rollback(True)
    assert waiting(broker, "generation") == []


def test_a_broker_that_is_gone_is_logged(no_broker: None, caplog: pytest.LogCaptureFixture) -> None:
    queue.send("chat.wake")
    assert "queue: chat.wake was not sent" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_an_upload_is_kept_and_waits(no_broker: None, workspace: Workspace, alice: User) -> None:
    store_upload(workspace=workspace, added_by=alice, name="a.txt", file=SimpleUploadedFile("a.txt", b"kept"))
    assert DocumentVersion.objects.get().status == "queued"


def test_a_sweep_is_told_what_waits_already(broker: Connection) -> None:
    assert not queue.has_messages("ingest")
    queue.send("documents.wake", "x")
    assert queue.has_messages("ingest")
    assert not queue.has_messages("generation")


def test_a_sweep_beside_a_dead_worker_adds_nothing(broker: Connection, workspace: Workspace, alice: User) -> None:
    store_upload(workspace=workspace, added_by=alice, name="a.txt", file=SimpleUploadedFile("a.txt", b"abc"))
    DocumentVersion.objects.update(created_at=timezone.now() - timedelta(hours=1))
    for _round in range(3):
        sweep()
    assert len(waiting(broker, "ingest")) == 1
