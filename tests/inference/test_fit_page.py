"""Memory on the administrator's page of models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.inference import fitting, services, telling
from apps.inference.engines.placing import MARGIN_BYTES, Card, OnCard, Placement
from apps.inference.fit import Fit, Need, Room, Setting
from apps.inference.machine import Gpu
from apps.inference.models import InstalledModel
from apps.inference.templatetags.fit import BAR, bars, on_cards
from apps.workspaces.models import Workspace
from tests.conftest import signed_in

from .machines import GIB, installed, pretend
from .test_choose_model import install
from .test_models_command import models
from .test_models_page import PAGE


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
    card = Card("card", total_bytes=1000, free_bytes=900)
    placement = Placement((OnCard(card, 3, weights=300, context=20, buffers=50), OnCard(card)), 7)
    for taken in (0, 100, 200, 900):
        drawn = bars(Fit(Setting(512, 1), need, Room(1000, taken), "well", placement))
        assert [bar["name"] for bar in drawn] == ["Memory", "card", "card"]
        for parts in (bar["parts"] for bar in drawn):
            assert sum(part["width"] for part in parts) == BAR
            assert [part["start"] + part["width"] for part in parts[:-1]] == [part["start"] for part in parts[1:]]


def with_cards(monkeypatch: pytest.MonkeyPatch, *cards: Card, gpus: tuple[Gpu, ...] = ()) -> None:
    """From now on this machine has these cards, as llama.cpp sees them, and as their makers' programs do."""
    here = fitting.look()
    there = telling.ThisMachine(replace(here.machine, gpus=gpus), replace(here.room, cards=cards))
    monkeypatch.setattr(fitting, "heard", lambda: there)


def test_each_card_has_its_bar(client: Client, model: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cards(monkeypatch, Card("RTX 4090", 24 * GIB, 23 * GIB), Card("RTX 3060", 12 * GIB, 11 * GIB))
    page = shown(client)
    assert "All of its layers go onto the graphics card." in page
    assert page.count('<svg class="memory"') == 3
    assert "Graphics card: RTX 4090 with 24.0" in page
    assert "uses no GPU" not in page


def test_what_does_not_go_onto_a_card_is_told(client: Client, model: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cards(monkeypatch, Card("large", 24 * GIB, 23 * GIB))
    found = fitting.fit_of(model, fitting.this_machine())
    assert found
    needed = found.placement.cards[0].total + MARGIN_BYTES
    with_cards(monkeypatch, Card("small", 2 * GIB, needed - 1))
    assert "7 of its 8 layers go onto graphics cards; the processor computes the others, more slowly." in shown(client)
    with_cards(monkeypatch, Card("smaller", 2 * GIB, GIB))
    assert "None of its layers has room on a graphics card" in shown(client)


def test_two_cards_may_share_a_model(client: Client, model: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = OnCard(Card("a", 9, 9), 4)
    placement = Placement((shared, shared), 8)
    assert (placement.only, placement.layers) == (None, 8)
    found = Fit(Setting(512, 1), Need(1, 1, 1, 1), Room(9, 1), "well", placement)
    assert on_cards(found) == "All of its layers go onto the graphics cards."


def test_a_card_in_the_processor_has_no_bar(client: Client, model: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cards(monkeypatch, Card("Radeon 8060S", 24 * GIB, 23 * GIB, shares_memory=True))
    page = shown(client)
    assert "All of its layers go onto the graphics card." in page
    assert page.count('<svg class="memory"') == 1


def test_a_build_that_uses_no_card_is_told(client: Client, model: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cards(monkeypatch, gpus=(Gpu("Tesla T4", 15 * GIB, 15 * GIB),))
    page = shown(client)
    assert "This build of llama.cpp uses no GPU." in page
    assert "make run XLLAMACPP_INDEX=" in page
    assert "Graphics card: Tesla T4 with 15.0" in page
    assert "uses no GPU" in models("fit")
    assert "Tesla T4" in models("fit")


def test_the_command_tells_the_layers_on_cards(client: Client, model: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cards(monkeypatch, Card("RTX 4090", 24 * GIB, 23 * GIB))
    said = models("fit")
    assert "RTX 4090 with 24.0 GB" in said
    assert "8 of 8" in said


@pytest.mark.parametrize("address", ["/admin/models/fit/", "/admin/models/measure/"])
def test_nobody_else_changes_a_setting(alice: User, workspace: Workspace, address: str) -> None:
    install("tiny")
    assert signed_in(alice).post(address, {"model": "tiny", "context": 4096, "slots": 1}).status_code == 404
    assert Client().post(address, {"model": "tiny"}).headers["Location"].startswith("/accounts/login/")
    assert signed_in(alice).get(address).status_code == 405
