"""An administrator of the installation who is in no team, and what is on record of them."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.audit.models import Event
from apps.workspaces.models import Membership, Workspace
from tests.conftest import make_person


def make_root(name: str = "Root") -> User:
    """An administrator of the installation."""
    person = make_person(name)
    person.is_superuser = True
    person.save()
    return person


@pytest.fixture
def root(installation: object) -> User:
    """The only administrator."""
    return make_root()


def recorded() -> list[tuple[str, str | None, str]]:
    """Action, actor and target of all events, oldest first."""
    return list(Event.objects.order_by("at", "pk").values_list("action", "actor__email", "target"))


def role_of(person: User, workspace: Workspace) -> str | None:
    """What the person is in the workspace."""
    return Membership.objects.filter(user=person, workspace=workspace).values_list("role", flat=True).first()
