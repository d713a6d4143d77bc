"""What was deleted is taken off the disk, without anybody waiting for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import ForeignKey, Model

from apps.accounts.models import User
from apps.chat import services as chat
from apps.chat.models import Message
from apps.core import live
from apps.workspaces.models import Workspace
from gemmaweb import compaction
from tests.conftest import make_workspace
from tests.documents.locks import on_its_own_connection
from tests.services import HOME

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = b"the heron waits by the seventh pier"


def table_file(table: str) -> Path:
    """Where PostgreSQL keeps the table now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filepath(%s)", [table])
        return HOME.postgres_data / str(cursor.fetchone()[0])


def leftovers() -> list[str]:
    """The files of the database that hold the canary, what is in memory written out first."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '5min'")  # a busy disk takes long
        cursor.execute("CHECKPOINT")
        cursor.execute("RESET statement_timeout")
    found = [path for path in HOME.postgres_data.rglob("*") if path.is_file() and CANARY in path.read_bytes()]
    return [str(path.relative_to(HOME.postgres_data)) for path in found]


@pytest.fixture
def erased(alice: User) -> Iterator[None]:
    """A hundred questions of two workspaces in turn, and those of one of them deleted; the planner has taken its samples before."""
    gone, kept = make_workspace("gone", owner=alice), make_workspace("kept", owner=alice)
    for number in range(50):
        chat.ask(workspace=gone, conversation=None, asked_by=alice, text=f"{CANARY.decode()} {number}", key=f"gone {number}")
        chat.ask(workspace=kept, conversation=None, asked_by=alice, text=f"Is berth {number} free?", key=f"kept {number}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert {Path(name).parts[0] for name in leftovers()} == {"base", "pg_wal"}
    Message.objects.filter(conversation__workspace=gone).delete()
    gone.delete()
    yield
    compaction.rewrite(patiently=True)


def test_nothing_of_it_is_left_on_disk(erased: None) -> None:
    assert compaction.rewrite()
    assert leftovers() == []
    assert Message.objects.filter(text__startswith="Is berth").count() == 50


def test_clearing_for_new_rows_alone_would_not_do(erased: None) -> None:
    """Why tables are rewritten: VACUUM leaves the bytes between the rows that stay."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    assert CANARY in table_file(Message._meta.db_table).read_bytes()


@contextmanager
def somebody_reads(at: str = "READ COMMITTED") -> Iterator[None]:
    """Meanwhile another transaction has read questions, and goes on."""
    has_read, may_go = threading.Event(), threading.Event()

    @transaction.atomic
    def read() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {at}")
            cursor.execute("SELECT count(*) FROM chat_message")
        has_read.set()
        may_go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(on_its_own_connection, read)
        has_read.wait(10)
        try:
            yield
        finally:
            may_go.set()
            reading.result(10)


def test_a_table_that_somebody_holds_is_left_for_later(erased: None, caplog: pytest.LogCaptureFixture) -> None:
    with somebody_reads():
        before = table_file("chat_message"), table_file("chat_conversation")
        assert compaction.rewrite()
    assert table_file("chat_message") == before[0]
    assert table_file("chat_conversation") != before[1]
    assert "chat_message was not rewritten" in caplog.text


def test_it_waits_for_whoever_may_still_see_what_was_deleted(erased: None) -> None:
    """A backup for one: rows that it can see would be copied along."""
    with somebody_reads("REPEATABLE READ"):
        Workspace.objects.create(name="", slug="erased", deleted_at="2026-01-01T00:00Z")  # what the purge leaves after its last row
        assert not compaction.rewrite()
        with pytest.raises(CommandError, match="try again"):
            call_command("compact")
    assert compaction.rewrite()


def test_the_limits_end_with_it(erased: None) -> None:
    assert compaction.rewrite()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        assert cursor.fetchone() == ("5s", "30s")


def test_every_table_with_something_of_a_workspace_is_rewritten() -> None:
    """Those of which a row hangs on a workspace, over however many others."""
    hanging: set[type[Model]] = {Workspace}
    while more := {model for model in apps.get_models() if model not in hanging and leads_to(model) & hanging}:
        hanging |= more
    assert {model._meta.db_table for model in hanging} <= set(compaction.tables())


def leads_to(model: Any) -> set[Any]:
    """The models that a row of this one hangs on."""
    return {field.related_model for field in model._meta.get_fields() if isinstance(field, ForeignKey)}


def test_the_embedded_redis_rewrites_its_file_and_another_is_left_alone(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(type(live.client()), "bgrewriteaof", lambda _: asked.append(True))
    compaction.rewrite()
    assert asked == [True]
    settings.REDIS_URL = "redis://elsewhere/0"
    compaction.rewrite()
    assert asked == [True]


def test_a_command_does_it_at_leisure(erased: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("compact")
    assert leftovers() == []
    assert "Rewritten" in capsys.readouterr().out
