"""Embedders and rerankers are added, put in use, and done without: on the page and by the command."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.test import Client

from apps.audit.models import Event
from apps.core import queue
from apps.core.errors import NotFound
from apps.inference import finder_use
from apps.inference.fit import Setting
from apps.inference.fitting import DoesNotFit, fit_of, need_bytes_of, setting_of, this_machine
from apps.inference.models import InstalledModel
from apps.inference.services import NO_MODEL, ModelRefused, add_model, use_model
from tests.documents.locks import on_its_own_connection, wait_until_blocked
from tests.finder_writer import FinderShape, write_finder
from tests.finding import install_finder

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were sent."""
    names: list[str] = []
    monkeypatch.setattr(queue, "send_on_commit", names.append)
    return names


def run(*words: str) -> str:
    out = StringIO()
    call_command("models", *words, stdout=out)
    return out.getvalue()


def in_use() -> set[str]:
    return set(InstalledModel.objects.filter(is_active=True).values_list("name", flat=True))


def test_a_file_of_ones_own_is_tried_as_what_it_is(tmp_path: Path) -> None:
    path = write_finder(tmp_path / "own.gguf")
    assert "models use 'own'" in run("add", str(path), "--name", "own", "--role", "embed")
    assert InstalledModel.objects.get().role == "embed"
    with pytest.raises(ModelRefused):
        add_model(path=path, name="other")  # it does not chat


def test_a_file_that_makes_no_vectors_is_refused(tmp_path: Path) -> None:
    path = write_finder(tmp_path / "none.gguf", FinderShape(has_pooling=False))
    with pytest.raises(ModelRefused, match="Pooling type"):
        add_model(path=path, role="embed")
    assert not InstalledModel.objects.exists()


def test_one_of_each_role_is_in_use(tmp_path: Path, sent: list[str]) -> None:
    for name, ranks in (("one", False), ("two", False), ("three", True)):
        install_finder(tmp_path, FinderShape(name=name, ranks=ranks), is_active=False)
        finder_use.use_finder(name)
    assert in_use() == {"two", "three"}
    assert sent == ["documents.embed"] * 3
    assert Event.objects.filter(action="model.used").count() == 3


def test_the_model_that_answers_stays(tmp_path: Path) -> None:
    InstalledModel.objects.create(
        name="chat", context_length=512, is_active=True, path="/nowhere", sha256="0", size_bytes=1, modified_ns=1, quantisation="F16"
    )
    install_finder(tmp_path, is_active=False)
    finder_use.use_finder("finder")
    finder_use.leave_finder("finder")
    assert in_use() == {"chat"}


def test_the_command_uses_and_leaves(tmp_path: Path) -> None:
    install_finder(tmp_path, is_active=False)
    assert "found with finder" in run("use", "finder")
    assert in_use() == {"finder"}
    assert "without finder" in run("leave", "finder")
    assert in_use() == set()
    with pytest.raises(CommandError):
        run("leave", "nobody")


def test_the_command_refuses_another_role(tmp_path: Path) -> None:
    install_finder(tmp_path, is_active=False)
    for name, role in (("finder", "chat"), ("finder", "rerank"), (NO_MODEL, "embed")):
        with pytest.raises(CommandError, match=f"{name} is no model for the role {role}"):
            run("use", name, "--role", role)
    assert in_use() == set()
    assert "found with finder" in run("use", "finder", "--role", "embed")
    assert f"Answers come from {NO_MODEL}" in run("use", NO_MODEL, "--role", "chat")


def test_the_page_uses_and_leaves(client: Client, tmp_path: Path) -> None:
    install_finder(tmp_path, is_active=False)
    page = client.post("/admin/models/", {"model": "finder"}, follow=True).content.decode()
    assert "helps to find passages" in page
    assert "Finds passages now" in page
    assert "There are no passages yet." in page
    assert "vectors-" in client.get("/admin/models/states/").content.decode()
    page = client.post("/admin/models/", {"act": "leave", "model": "finder"}, follow=True).content.decode()
    assert "Passages are found without finder" in page
    assert in_use() == set()


def test_it_does_not_answer(tmp_path: Path) -> None:
    install_finder(tmp_path, is_active=False)
    with pytest.raises(Exception, match="cannot answer"):
        use_model("finder")


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    model = install_finder(tmp_path, is_active=False)
    model.place.write_bytes(b"x" * model.size_bytes)
    with pytest.raises(finder_use.FinderRefused):
        finder_use.use_finder("finder")
    model.place.unlink()
    with pytest.raises(finder_use.FinderRefused, match="not there any more"):
        finder_use.use_finder("finder")
    assert in_use() == set()


def test_a_model_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    model = install_finder(tmp_path, is_active=False)
    shape = {**(model.fit.shape or {}), "weight_bytes": 10**15}
    type(model.fit).objects.update(shape=shape)
    with pytest.raises(DoesNotFit):
        finder_use.use_finder("finder")


@pytest.mark.parametrize("act", [finder_use.use_finder, finder_use.leave_finder])
def test_an_unknown_name_is_not_found(act: Callable[[str], object], tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        act("nobody")


def test_it_is_loaded_small_unless_somebody_chose_otherwise(tmp_path: Path) -> None:
    model = install_finder(tmp_path, is_active=False)
    assert setting_of(model) == Setting(512, 2)
    model.fit.context_tokens, model.fit.slots = 256, 4
    assert setting_of(model) == Setting(256, 4)


def test_its_memory_is_reckoned_as_it_is_loaded(tmp_path: Path) -> None:
    model = install_finder(tmp_path)
    found = fit_of(model, this_machine())
    assert found
    assert (found.setting.context_tokens, found.setting.slots, found.need.earlier) == (512, 2, 0)
    assert need_bytes_of(model) == found.need.total
    line = next(line for line in run("fit").splitlines() if line.startswith("finder"))
    assert line.split()[1:3] == ["512", "2"]


def test_a_long_one_is_reckoned_with_a_context_of_its_own(tmp_path: Path) -> None:
    model = install_finder(tmp_path, FinderShape(context=4096))
    assert setting_of(model) == Setting(2048, 2)
    assert run("fit").splitlines()[-1].split()[1:3] == ["2048", "2"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
def test_of_two_who_choose_at_once_the_last_counts(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in ("one", "two"):
        install_finder(tmp_path, FinderShape(name=name), is_active=False)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            finder_use.use_finder(names[0])
            other = pool.submit(on_its_own_connection, partial(finder_use.use_finder, names[1]))
            wait_until_blocked()
        assert other.result().name == names[1]
    assert in_use() == {names[1]}
