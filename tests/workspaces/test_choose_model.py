"""A workspace chooses who answers in it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.inference.models import RemoteModel
from apps.workspaces.models import Workspace
from tests.conftest import signed_in
from tests.inference.test_choose_model import install

pytestmark = pytest.mark.django_db
PAGE = "/w/harbour/settings/"


@pytest.fixture
def client(alice: User, workspace: Workspace) -> Client:
    """The owner's browser."""
    return signed_in(alice)


def save(client: Client, chosen_model: object) -> int:
    """The status of saving this choice."""
    fields = {"name": "Harbour", "answering": "best", "language": "en", "chosen_model": str(chosen_model)}
    return client.post(PAGE, fields).status_code


def chosen(workspace: Workspace) -> object:
    workspace.refresh_from_db()
    return workspace.chosen_model


def page_of(client: Client) -> str:
    return " ".join(client.get(PAGE).content.decode().split())


def test_an_owner_chooses_among_all(client: Client, workspace: Workspace) -> None:
    tiny, far = install("tiny"), RemoteModel.objects.create(name="far")
    page = page_of(client)
    for words in ("The installation&#x27;s: the documents&#x27; own words", "tiny (on this machine)", "far (on your network)"):
        assert words in page
    for model in (tiny, far):
        assert save(client, model.pk) == 302
        assert chosen(workspace) == model.pk
    assert f'<option value="{far.pk}" selected>' in page_of(client)


def test_the_installation_s_is_the_usual_one(client: Client, workspace: Workspace) -> None:
    RemoteModel.objects.create(name="far", is_active=True)
    assert "The installation&#x27;s: far" in page_of(client)
    Workspace.objects.update(chosen_model=uuid4())
    assert save(client, "") == 302
    assert chosen(workspace) is None


@pytest.mark.parametrize("wrong", ["nonsense", uuid4(), "x" * 5000])
def test_another_one_is_refused(client: Client, workspace: Workspace, wrong: object) -> None:
    install("tiny")
    assert save(client, wrong) == 200
    assert chosen(workspace) is None


def test_a_model_that_has_gone_is_missed(client: Client, workspace: Workspace) -> None:
    Workspace.objects.update(chosen_model=uuid4())
    assert "The model that was chosen here" in page_of(client)
    Workspace.objects.update(chosen_model=None)
    assert "The model that was chosen here" not in page_of(client)


def test_a_member_does_not_choose(bob: User, workspace: Workspace) -> None:
    tiny = install("tiny")
    assert save(signed_in(bob), tiny.pk) == 403
    assert chosen(workspace) is None
