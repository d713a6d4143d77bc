"""A model without batches: one answer is written, the others keep their place in the queue."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.chat import services, waiting
from apps.chat.models import Generation
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace
from tests.chat.conftest import Ask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def model() -> InstalledModel:
    """In use; its file is not opened here."""
    facts = {"sha256": "0" * 64, "size_bytes": 1, "modified_ns": 1, "architecture": "gpt2", "quantisation": "GGML", "context_length": 512}
    return InstalledModel.objects.create(name="old", engine="ctransformers", path="/nowhere", is_active=True, **facts)


def test_the_second_question_waits_and_is_told_its_place(ask: Ask, bob: User) -> None:
    first, second, third = ask("a"), ask("b", asked_by=bob), ask("c")
    assert waiting.claim_next() == first
    assert waiting.claim_next() is None
    assert (waiting.place_of(second), waiting.place_of(third)) == (1, 2)


def test_its_turn_comes_after_the_first_ended(ask: Ask, bob: User) -> None:
    first, second = ask("a"), ask("b", asked_by=bob)
    waiting.claim_next()
    Generation.objects.filter(pk=first.pk).update(status="done")
    assert waiting.claim_next() == second


def test_who_is_being_stopped_still_holds_it(ask: Ask, bob: User) -> None:
    first = ask("a")
    ask("b", asked_by=bob)
    waiting.claim_next()
    services.stop(run=first)
    assert waiting.claim_next() is None


def test_what_needs_no_model_does_not_wait(ask: Ask, bob: User, workspace: Workspace) -> None:
    first, second = ask("a"), ask("b", asked_by=bob)
    waiting.claim_next()
    Workspace.objects.filter(pk=workspace.pk).update(answering="verbatim")
    assert waiting.claim_next() == second
    assert first != second


def test_a_model_with_slots_writes_many(ask: Ask, bob: User, model: InstalledModel) -> None:
    InstalledModel.objects.filter(pk=model.pk).update(engine="llama")
    first, second = ask("a"), ask("b", asked_by=bob)
    assert [waiting.claim_next(), waiting.claim_next()] == [first, second]
