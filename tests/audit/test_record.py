"""The record: added to, and never changed; it outlives what it speaks of."""

from __future__ import annotations

import ast
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.audit.models import Event
from apps.audit.services import record
from apps.workspaces.models import Workspace

APPS = Path(settings.BASE_DIR) / "apps"


def test_it_says_what_was_done_by_whom_to_what(alice: User, workspace: Workspace) -> None:
    made = record("member.added", actor=alice, workspace=workspace.pk, target=alice.pk, role="viewer")
    event = Event.objects.get(pk=made.pk)
    assert (event.action, event.actor, event.workspace, event.target) == ("member.added", alice, workspace.pk, str(alice.pk))
    assert event.details == {"role": "viewer"}


@pytest.mark.django_db
def test_what_nobody_did_has_no_actor() -> None:
    event = Event.objects.get(pk=record("sweep.done").pk)
    assert (event.actor, event.workspace, event.target, event.details) == (None, None, "", {})


def test_what_is_rolled_back_was_not_done(alice: User) -> None:
    with transaction.atomic():
        record("person.added", actor=alice)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


def test_it_outlives_the_person_and_the_workspace(alice: User, workspace: Workspace) -> None:
    pk, target = workspace.pk, alice.pk
    record("member.added", actor=alice, workspace=pk, target=target)
    workspace.delete()
    alice.delete()
    event = Event.objects.get()
    assert (event.actor, event.workspace, event.target) == (None, pk, str(target))


@pytest.mark.django_db
def test_it_is_kept_in_the_order_of_what_happened() -> None:
    for second in range(5):
        with time_machine.travel(f"2026-03-01T12:00:0{second}+00:00", tick=False):
            record(f"step.{second}")
    assert list(Event.objects.order_by("pk").values_list("action", flat=True)) == [f"step.{second}" for second in range(5)]
    assert list(Event.objects.order_by("at")) == list(Event.objects.order_by("pk"))


@pytest.mark.django_db
def test_a_line_of_it_can_be_read(alice: User) -> None:
    with time_machine.travel("2026-03-01T12:05:00+00:00", tick=False):
        line = str(record("person.added", actor=alice, target=UUID(int=7)))
    assert line == "2026-03-01 12:05 person.added 00000000-0000-0000-0000-000000000007"


def imported(path: Path) -> set[str]:
    """Full names of all that the module imports."""
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{name.name}" for node in imports for name in node.names}


def test_nothing_but_its_own_service_touches_its_rows() -> None:
    users = {str(path.relative_to(APPS)) for path in APPS.rglob("*.py") if "apps.audit.models.Event" in imported(path)}
    assert users == {"audit/services.py"}


def test_its_service_only_adds() -> None:
    calls = [node.func for node in ast.walk(ast.parse((APPS / "audit/services.py").read_text())) if isinstance(node, ast.Call)]
    assert {call.attr for call in calls if isinstance(call, ast.Attribute)} == {"create", "bulk_create"}
