"""Two workspaces with different adapters: each gets its own words, one base is in memory, and the answer says who wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.accounts.models import User
from apps.chat import services
from apps.core import loop
from apps.inference import adding
from apps.inference import services as inference
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace
from tests.adapter_writer import write_adapter
from tests.chat.conftest import Ask, Watcher, Worker
from tests.conftest import make_workspace
from tests.gguf_writer import write_gemma4

pytestmark = pytest.mark.django_db(transaction=True)
Watch = Callable[[str], Watcher]
Answer = Callable[[Workspace], tuple[str, list[str], int | None]]


@pytest.fixture(scope="module", autouse=True)
def _close_the_hosts() -> Iterator[None]:
    yield
    loop.run(inference.keeper().close())


@pytest.fixture(autouse=True)
def _models(tmp_path: Path) -> None:
    """A model, which the installation uses, and two adapters of it."""
    inference.add_model(path=write_gemma4(tmp_path / "tiny.gguf"), name="Gemma")
    for seed, name in enumerate(("Letters", "Minutes"), start=1):
        adding.add_file(path=write_adapter(tmp_path / f"{name}.gguf", seed=seed), name=name)
    inference.use_model("Gemma")


@pytest.fixture
def answer(ask: Ask, worker: Worker, watch: Watch, alice: User) -> Answer:
    """Ask in a workspace; returns who has answered, the notes, and the process of the model."""

    def answer_in(workspace: Workspace) -> tuple[str, list[str], int | None]:
        conversation = services.create_conversation(workspace=workspace, author=alice)
        watcher = watch(f"conversation:{conversation.pk}")
        ask("What colour is the sky?", workspace=workspace, conversation=conversation, max_tokens=16)
        worker.wake()
        ended = watcher.until("ended")
        assert ended["status"] == "done"
        return ended["engine"], ended["notes"], inference.keeper().status().pid

    return answer_in


def choose(workspace: Workspace, name: str) -> None:
    """The workspace's choice."""
    Workspace.objects.filter(pk=workspace.pk).update(chosen_model=InstalledModel.objects.get(name=name).pk)


def test_two_workspaces_share_a_base(answer: Answer, workspace: Workspace, alice: User) -> None:
    other, third = make_workspace("archive", owner=alice), make_workspace("office", owner=alice)
    choose(workspace, "Letters")
    choose(other, "Minutes")
    answers = [answer(one) for one in (workspace, other, third, workspace)]
    assert [engine for engine, _, _ in answers] == ["Letters", "Minutes", "Gemma", "Letters"]
    assert len({pid for _, _, pid in answers}) == 1
    assert not any(notes for _, notes, _ in answers)


def test_a_changed_adapter_is_replaced_and_noted(answer: Answer, workspace: Workspace) -> None:
    choose(workspace, "Letters")
    write_adapter(InstalledModel.objects.get(name="Letters").place, seed=8)
    assert answer(workspace)[:2] == ("quote", ["model_failed"])


def test_a_removed_adapter_leaves_the_installations_model(answer: Answer, workspace: Workspace) -> None:
    choose(workspace, "Letters")
    InstalledModel.objects.get(name="Letters").delete()
    assert answer(workspace)[:2] == ("Gemma", ["model_gone"])
