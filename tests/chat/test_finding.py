"""What an answer says where the models that find passages did not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from apps.documents import meaning
from apps.documents.models import Filling
from apps.inference import finding
from apps.inference.engines.base import EngineUnavailable
from apps.workspaces.models import Workspace
from tests.chat.conftest import Ask, Worker
from tests.chat.scripted import ScriptedEngine
from tests.documents.indexed import add
from tests.finding import install_finder

Script = Callable[..., ScriptedEngine]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def silent(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedder that has made vectors, and does not answer now."""

    def away(*_: object) -> None:
        raise EngineUnavailable("It is busy.")

    model = install_finder(tmp_path)
    Filling.objects.create(model=model, sha256=model.sha256)
    monkeypatch.setattr(finding, "embed_question", away)
    monkeypatch.setattr(meaning, "_resting", {})
    add(workspace, "harbour.txt", "The harbour closes at nine in the evening.")


@pytest.mark.usefixtures("silent")
def test_words_alone_find_and_the_answer_says_so(ask: Ask, scripted: Script, worker: Worker) -> None:
    engine = scripted("At nine [1].")
    run = ask("When does the harbour close?")
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert (run.status, run.notes) == ("done", ["words_alone"])
    assert engine.requests[0].passages[0].title == "harbour"


@pytest.mark.usefixtures("silent")
def test_it_is_said_once_however_often_a_run_is_taken_up(ask: Ask, scripted: Script, worker: Worker) -> None:
    scripted("At nine.")
    run = ask("When does the harbour close?")
    type(run).objects.filter(pk=run.pk).update(notes=["words_alone"])
    worker.wake()
    worker.wait()
    run.refresh_from_db()
    assert run.notes == ["words_alone"]
