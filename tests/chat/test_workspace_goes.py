"""A workspace is deleted while it is asked, waited for and answered in: in both orders, and back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.chat import ending, services, tasks, waiting
from apps.chat.models import Conversation, Generation
from apps.chat.snapshots import Written
from apps.core.errors import NotFound
from apps.workspaces import lifecycle
from apps.workspaces.models import Workspace
from tests.chat.conftest import Ask, Watcher, Worker
from tests.chat.scripted import DEADLINE_S, Gate, ScriptedEngine
from tests.conftest import make_workspace, signed_in
from tests.documents.locks import on_its_own_connection, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]
Watch = Callable[[str], Watcher]


@pytest.fixture
def delete(workspace: Workspace, alice: User) -> Callable[[], None]:
    """Delete the team's workspace as Alice."""
    return partial(lifecycle.delete, workspace=workspace, deleted_by=alice, typed_name=workspace.name)


def states() -> list[tuple[str, str]]:
    """Status and text of every run, oldest first."""
    return [(run.status, run.answer.text) for run in Generation.objects.select_related("answer").order_by("pk")]


def test_an_answer_in_the_making_stops_and_comes_back_as_far_as_it_was(
    ask: Ask, delete: Callable[[], None], scripted: Script, worker: Worker, watch: Watch, conversation: Conversation, alice: User
) -> None:
    engine = scripted("One, two,", Gate(), " three.")
    watcher = watch(f"conversation:{conversation.pk}")
    ask(conversation=conversation)
    worker.wake()
    watcher.until("delta")
    delete()
    tasks.sweep()
    assert engine.closed.wait(DEADLINE_S)
    worker.wait()
    assert states() == [("stopped", "One, two,")]
    lifecycle.restore(pk=conversation.workspace_id, restored_by=alice)
    assert "One, two," in signed_in(alice).get(f"/c/{conversation.pk}/", headers={"accept": "text/html"}).content.decode()


def test_who_waits_is_served_no_more(ask: Ask, delete: Callable[[], None]) -> None:
    ask()
    delete()
    assert waiting.claim_next() is None
    tasks.sweep()
    assert states() == [("stopped", "")]


def test_a_wake_up_that_comes_late_finds_nobody(ask: Ask, delete: Callable[[], None], worker: Worker, scripted: Script) -> None:
    engine = scripted("Never said.")
    ask()
    delete()
    worker.wake()
    worker.wait()
    assert engine.requests == []


def test_others_go_on_waiting(ask: Ask, delete: Callable[[], None], bob: User) -> None:
    second = make_workspace("second", owner=bob)
    ask()
    other = ask(workspace=second, asked_by=bob)
    delete()
    tasks.sweep()
    assert waiting.claim_next() == other


def test_an_answer_that_ended_just_before_is_kept(ask: Ask, delete: Callable[[], None], workspace: Workspace, alice: User) -> None:
    run = ask()
    assert waiting.claim_next() == run
    assert ending.finish(pk=run.pk, attempt=1, seq=1, status="done", written=Written(text="Six."))
    delete()
    tasks.sweep()
    lifecycle.restore(pk=workspace.pk, restored_by=alice)
    assert states() == [("done", "Six.")]


def test_an_answer_that_ends_while_it_is_deleted_is_kept(ask: Ask, delete: Callable[[], None], workspace: Workspace) -> None:
    run = ask()
    assert waiting.claim_next() == run
    delete()
    assert ending.finish(pk=run.pk, attempt=1, seq=1, status="done", written=Written(text="Six."))
    tasks.sweep()
    assert states() == [("done", "Six.")]


def test_who_asks_just_before_is_stopped_with_the_rest(ask: Ask, delete: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ask()
            deleting = pool.submit(on_its_own_connection, delete)
            wait_until_blocked()
        deleting.result(10)
    tasks.sweep()
    assert states() == [("stopped", "")]


def test_who_asks_just_after_is_told_that_it_is_gone(ask: Ask, delete: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            delete()
            asking = pool.submit(on_its_own_connection, ask)
            wait_until_blocked()
        with pytest.raises(NotFound):
            asking.result(10)
    assert states() == []


def test_nobody_comes_back_to_its_conversations(delete: Callable[[], None], conversation: Conversation, alice: User) -> None:
    delete()
    browser = signed_in(alice)
    for path in (f"/c/{conversation.pk}/", f"/api/conversations/{conversation.pk}/messages"):
        assert browser.get(path).status_code == 404
    for path in (f"/c/{conversation.pk}/rename/", f"/c/{conversation.pk}/delete/", f"/c/{conversation.pk}/restore/"):
        assert browser.post(path, {"title": "New"}).status_code == 404


@pytest.mark.parametrize("change", [services.delete, partial(services.rename, title="New")])
def test_what_was_clicked_before_changes_nothing_after(
    delete: Callable[[], None], conversation: Conversation, change: Callable[..., object]
) -> None:
    delete()
    with pytest.raises(NotFound):
        change(conversation=conversation)
    assert Conversation.objects.values("title", "deleted_at").get() == {"title": "", "deleted_at": None}
