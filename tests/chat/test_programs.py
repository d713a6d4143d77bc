"""What programs asked: erased after an hour, and never seen where people's conversations are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.chat import services, snapshots
from apps.chat.ending import end
from apps.chat.figures import last_asked
from apps.chat.models import Conversation, Generation, Message
from apps.chat.requested import Requested, Said
from apps.chat.snapshots import Written
from apps.chat.sweep import sweep
from apps.core.errors import NotFound
from apps.inference.engines.base import CallPiece, ToolCall
from apps.workspaces.keys import create_key
from apps.workspaces.models import ApiKey, Workspace
from tests.chat.conftest import Worker, until
from tests.chat.scripted import Gate, ScriptedEngine
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
Script = Callable[..., ScriptedEngine]


@pytest.fixture
def program_asks(workspace: Workspace, alice: User) -> Callable[[], Generation]:
    """Ask as one of Alice's programs."""

    def ask() -> Generation:
        request = Requested(messages=[Said(role="user", text="Who?")], sampling={"stop": []}, wanted={}, thinks=False, searches=False)
        return services.ask_for_program(workspace=workspace, asked_by=alice, request=request, max_tokens=None)

    return ask


def grow_old() -> None:
    """As if all of it had been asked an hour and more ago."""
    Conversation.objects.update(updated_at=timezone.now() - timedelta(minutes=61))


def test_what_has_ended_is_erased_after_an_hour(program_asks: Callable[[], Generation]) -> None:
    end(program_asks(), status="done", written=Written("Me."))
    sweep()
    assert Generation.objects.count() == 1
    grow_old()
    sweep()
    assert [rows.objects.count() for rows in (Conversation, Message, Generation)] == [0, 0, 0]


def test_what_still_waits_is_not_erased(program_asks: Callable[[], Generation]) -> None:
    program_asks()
    grow_old()
    sweep()
    assert Generation.objects.get().status == "queued"


def test_a_workspace_of_programs_is_in_use_though_nothing_is_kept(workspace: Workspace, alice: User) -> None:
    assert last_asked([workspace.pk]) == {}
    key, _ = create_key(user=alice, workspace=workspace, name="robot")
    assert last_asked([workspace.pk]) == {}
    services.create_conversation(workspace=workspace, author=alice)
    grow_old()
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
    assert last_asked([workspace.pk])[workspace.pk] > timezone.now() - timedelta(minutes=5)


def test_what_people_asked_stays(workspace: Workspace, alice: User) -> None:
    services.create_conversation(workspace=workspace, author=alice)
    grow_old()
    sweep()
    assert Conversation.objects.count() == 1


def test_no_page_shows_it(program_asks: Callable[[], Generation], alice: User) -> None:
    run = program_asks()
    browser = signed_in(alice)
    assert browser.get(f"/c/{run.conversation_id}/").status_code == 404
    assert str(run.conversation_id) not in browser.get("/w/harbour/", follow=True).content.decode()
    assert not Generation.objects.visible_to(alice).exists()


def test_a_call_that_was_made_outlives_its_worker(program_asks: Callable[[], Generation], scripted: Script, worker: Worker) -> None:
    engine = scripted(CallPiece(ToolCall("a", "weather", "{}")), Gate())
    run = program_asks()
    worker.wake()
    until(lambda: (shown := snapshots.read_shown(run.pk, 1)) and shown.written.calls)
    Generation.objects.filter(pk=run.pk).update(beat_at=timezone.now() - timedelta(seconds=30), attempt=2, status="running")
    until(engine.closed.is_set)
    worker.wait()
    Generation.objects.filter(pk=run.pk).update(beat_at=timezone.now() - timedelta(seconds=30), attempt=1, status="running")
    sweep()
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.takeovers, run.calls) == ("done", 1, [{"id": "a", "name": "weather", "arguments": "{}"}])
    assert len(engine.requests) == 1  # the second worker asks no model again


def test_only_its_own_person_reaches_it(program_asks: Callable[[], Generation], alice: User, bob: User) -> None:
    program_asks()
    assert (Generation.objects.of_programs(alice).count(), Generation.objects.of_programs(bob).count()) == (1, 0)


def test_nothing_is_asked_in_a_workspace_that_is_gone(program_asks: Callable[[], Generation]) -> None:
    Workspace.objects.filter(slug="harbour").update(deleted_at=timezone.now())
    with pytest.raises(NotFound):
        program_asks()
    assert not Conversation.objects.exists()
