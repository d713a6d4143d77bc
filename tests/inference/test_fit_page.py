"""Memory on the administrator's page of models."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.inference import fitting, services
from apps.inference.fit import Fit, Need, Room, Setting
from apps.inference.models import InstalledModel
from apps.inference.templatetags.fit import BAR, parts
from apps.workspaces.models import Workspace
from tests.conftest import signed_in

from .machines import installed, pretend
from .test_choose_model import install
from .test_models_page import PAGE, client, root

__all__ = ["client", "root"]


@pytest.fixture
def model(client: Client, tiny: Path) -> InstalledModel:
    """The tiny model, added."""
    return installed(tiny)


def shown(client: Client, **asked: str | int) -> str:
    """The page, its spaces made one."""
    return " ".join(client.get("/admin/models/", asked, headers=PAGE).content.decode().split())


def keep(client: Client, **chosen: object) -> str:
    """What the page says after a setting was kept."""
    answer = client.post("/admin/models/fit/", {"model": "tiny"} | chosen, headers=PAGE, follow=True)
    return " ".join(answer.content.decode().split())


def test_the_machine_is_told(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=16, free=12)
    page = shown(client)
    assert "This machine has 16.0 GB of memory, 12.0 GB of it free for a model" in page
    assert "No graphics card was found." in page
    assert "AVX2" in page


def test_what_can_be_had_is_told_to_fit_or_not(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=16, free=12)
    page = shown(client)
    assert "Fits well" in page
    assert "Does not fit: needs" in page
    assert "of memory with a context of 8192 tokens and 4 answers at once." in page


def test_an_old_processor_is_told(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=16, free=12, flags="sse2")
    assert "lacks AVX2" in shown(client)


def test_the_parts_of_memory_are_named(client: Client, model: InstalledModel) -> None:
    page = shown(client)
    for part in ("The rest of the product, and other programs", "Weights", "Context", "Buffers", "Earlier prompts", "Free"):
        assert part in page
    assert '<option value="8192" selected>' in page
    assert '<option value="4" selected>' in page
    assert "Load it so" not in page


def test_another_setting_is_shown_before_it_is_kept(client: Client, model: InstalledModel) -> None:
    page = shown(client, model="tiny", context=4096, slots=2)
    assert '<option value="4096" selected>' in page
    assert '<option value="2" selected>' in page
    assert "Load it so" in page
    assert fitting.setting_of(model) == Setting(8192, 4)


@pytest.mark.parametrize("asked", [{"context": "x"}, {"context": 4096, "slots": 99}, {"context": "²", "slots": 1}, {"context": 10**30}])
def test_a_setting_that_is_none_is_not_shown(client: Client, model: InstalledModel, asked: dict[str, str | int]) -> None:
    assert '<option value="8192" selected>' in shown(client, model="tiny", **asked)


def test_it_is_kept(client: Client, model: InstalledModel) -> None:
    assert "tiny is loaded so from its next question on." in keep(client, context=4096, slots=2)
    assert fitting.setting_of(InstalledModel.objects.get()) == Setting(4096, 2)


@pytest.mark.parametrize("chosen", [{}, {"context": "x", "slots": "y"}, {"context": 5000, "slots": 1}])
def test_a_setting_that_is_none_is_refused(client: Client, model: InstalledModel, chosen: dict[str, object]) -> None:
    assert "This model cannot be loaded so." in keep(client, **chosen)


@pytest.mark.parametrize("name", ["", "nobody", "a\0b"])
def test_a_model_that_is_none_is_refused(client: Client, name: str) -> None:
    assert "No model of this name is installed." in keep(client, model=name, context=4096, slots=1)


def test_what_does_not_fit_is_told_and_refused(
    client: Client, model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, total=2, free=0.57)
    page = shown(client)
    assert "Does not fit: needs" in page
    assert "It fits with a context of" in page
    refused = client.post("/admin/models/", {"model": "tiny"}, headers=PAGE, follow=True).content.decode()
    assert "tiny does not fit: with 4 answers at once" in refused
    assert "tiny does not fit" in keep(client, context=8192, slots=4)
    assert services.active_model() is None


def test_of_a_file_that_does_not_say_nothing_is_claimed(client: Client) -> None:
    install("unknown")
    assert "Its file does not say how much memory it needs." in shown(client)


def test_the_bar_is_filled_to_its_end() -> None:
    need = Need(weights=500, context=200, buffers=50, earlier=50)
    for taken in (0, 100, 200, 900):
        drawn = parts(Fit(Setting(512, 1), need, Room(1000, taken), "well"))
        assert sum(part["width"] for part in drawn) == BAR
        assert [part["start"] + part["width"] for part in drawn[:-1]] == [part["start"] for part in drawn[1:]]


@pytest.mark.parametrize("address", ["/admin/models/fit/", "/admin/models/measure/"])
def test_nobody_else_changes_a_setting(alice: User, workspace: Workspace, address: str) -> None:
    install("tiny")
    assert signed_in(alice).post(address, {"model": "tiny", "context": 4096, "slots": 1}).status_code == 404
    assert Client().post(address, {"model": "tiny"}).headers["Location"].startswith("/accounts/login/")
    assert signed_in(alice).get(address).status_code == 405
