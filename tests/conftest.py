"""Who is who in the tests: Alice owns the team's workspace, Bob is on the team, Charlie is a stranger with a workspace of his own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.core import live
from apps.inference import finding, telling
from apps.workspaces.models import Installation, Membership, Role, Workspace

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick_settings(settings: Any) -> None:
    """Passwords by a quick hash; static files by their own names: hashed ones need the collected folder that the browser tests have."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture(autouse=True)
def _empty_redis() -> Iterator[None]:
    """No cache entry, no task, no request and no word of a machine waits for the next test."""
    yield
    cache.clear()
    queues = (f"gemmaweb:{name}" for name in ("generation", "ingest", "models", "sweep"))
    live.client().delete(*queues, telling.KEY, finding.URGENT, finding.PATIENT)


def make_person(name: str) -> User:
    """A person whose password is PASSWORD."""
    return User.objects.create_user(f"{name.lower()}@example.org", PASSWORD, name=name)


def make_workspace(slug: str, **roles: User) -> Workspace:
    """A workspace with one member for each role given."""
    workspace = Workspace.objects.create(slug=slug, name=slug.title())
    for role, user in roles.items():
        Membership.objects.create(workspace=workspace, user=user, role=Role(role))
    return workspace


@pytest.fixture
def installation(db: None) -> Installation:
    """The installation has been set up."""
    return Installation.objects.create()


@pytest.fixture
def alice(installation: Installation) -> User:
    """Owns the team's workspace."""
    return make_person("Alice")


@pytest.fixture
def bob(installation: Installation) -> User:
    """A member of Alice's team."""
    return make_person("Bob")


@pytest.fixture
def charlie(installation: Installation) -> User:
    """A stranger: a person of the installation, not of the team."""
    user = make_person("Charlie")
    make_workspace("elsewhere", owner=user)
    return user


@pytest.fixture
def workspace(alice: User, bob: User) -> Workspace:
    """The team's workspace."""
    return make_workspace("harbour", owner=alice, member=bob)


def signed_in(user: User) -> Client:
    """A browser in which `user` has signed in."""
    client = Client()
    client.force_login(user)
    return client
