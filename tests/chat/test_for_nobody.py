"""Runs whose person may not read them any more: the next sweep stops them, and leaves everybody else's alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.chat import waiting
from apps.chat.models import Generation
from apps.chat.sweep import sweep
from apps.workspaces.models import Membership, Workspace
from tests.chat.conftest import Ask

pytestmark = pytest.mark.django_db(transaction=True)


def disable(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def remove(person: User) -> None:
    Membership.objects.filter(user=person).delete()


def statuses() -> dict[str, str]:
    """How each person's run fares."""
    return dict(Generation.objects.values_list("asked_by__name", "status"))


@pytest.mark.parametrize("end", [disable, remove])
def test_what_waits_is_stopped(ask: Ask, bob: User, end: Callable[[User], None]) -> None:
    ask(asked_by=bob)
    ask()
    end(bob)
    sweep()
    assert statuses() == {"Bob": "stopped", "Alice": "queued"}


@pytest.mark.parametrize("end", [disable, remove])
def test_what_runs_is_asked_to_stop(ask: Ask, bob: User, end: Callable[[User], None]) -> None:
    ask(asked_by=bob)
    assert waiting.claim_next() is not None
    ask()
    end(bob)
    sweep()
    assert statuses() == {"Bob": "stopping", "Alice": "queued"}


def test_a_place_elsewhere_is_no_place_here(ask: Ask, bob: User, workspace: Workspace) -> None:
    ask(asked_by=bob)
    Membership.objects.filter(user=bob).update(workspace=Workspace.objects.create(slug="quay", name="Quay"))
    sweep()
    assert statuses() == {"Bob": "stopped"}


def test_what_has_ended_stays_as_it_is(ask: Ask, bob: User) -> None:
    ask(asked_by=bob)
    Generation.objects.update(status="done", finished_at=timezone.now())
    disable(bob)
    sweep()
    assert statuses() == {"Bob": "done"}
