"""A marker that is clicked while its answer is still being written."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.models import User
from apps.chat import waiting
from apps.chat.models import Generation
from apps.documents.models import Document
from apps.workspaces.models import Workspace
from tests.chat.conftest import Ask
from tests.conftest import signed_in
from tests.documents.indexed import add

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(workspace: Workspace) -> Document:
    """What the answer cites."""
    return add(workspace, "times.txt", "Open from six. Closed on Sundays.")


@pytest.fixture
def running(ask: Ask, document: Document) -> Generation:
    """A run in mid-answer, which has shown its first marker."""
    ask()
    run = waiting.claim_next()
    assert run is not None
    citation: dict[str, Any] = {
        "n": 1, "document": str(document.pk), "version": str(document.versions.get().pk), "title": "times",
        "page": 1, "place": "p. 1", "start": 15, "end": 32, "quote": "Closed on Sundays", "found": "found",
    }  # fmt: skip
    Generation.objects.filter(pk=run.pk).update(text="Not on Sundays [1]", citations=[citation])
    return run


def address(run: Generation, n: int) -> str:
    """Where marker `n` of the run's answer points."""
    return reverse("citation", args=[run.conversation_id, run.answer_id, n])


def test_it_opens_its_page(alice: User, running: Generation) -> None:
    response = signed_in(alice).get(address(running, 1))
    assert "<mark>Closed on Sundays</mark>" in response.content.decode()


def test_one_that_was_not_shown_is_not_there(alice: User, running: Generation) -> None:
    assert signed_in(alice).get(address(running, 2)).status_code == 404


def test_nobody_else_sees_it(bob: User, charlie: User, running: Generation) -> None:
    assert [signed_in(who).get(address(running, 1)).status_code for who in (bob, charlie)] == [404, 404]


def test_the_words_stay_when_the_file_goes_meanwhile(alice: User, running: Generation, document: Document) -> None:
    document.delete()
    response = signed_in(alice).get(address(running, 1))
    assert response.context["document"] is None
    assert "<mark>Closed on Sundays</mark>" in response.content.decode()
