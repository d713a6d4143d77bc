"""What belongs to a model is fetched; what others did meanwhile is said, and ends no worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.inference import adding, downloader, downloads, services
from apps.inference.catalogue import Entry
from apps.inference.models import Download, InstalledModel
from tests.gguf_writer import write_gemma4
from tests.projector_writer import write_projector

from .hub_server import LocalHub, write_catalogue
from .test_downloads import Status, hub, refusal, row

__all__ = ["hub"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def eyes(hub: LocalHub, tmp_path: Path, settings: Any) -> InstalledModel:
    """A model that is here, of which the hub has a projector called Small."""
    data = write_projector(tmp_path / "eyes.gguf").read_bytes()
    hub.serve(data)
    base = write_catalogue(tmp_path / "base.toml", b"", key="base", name="Base", size=1).read_text()
    path = write_catalogue(tmp_path / "parts.toml", data, role="projector")
    path.write_text(f'{base}{path.read_text()}of = "base"\n'.replace("context_length = 8192\nmodalities", "modalities"))
    settings.CATALOGUE = path
    return services.store_model(services.check_model(path=write_gemma4(tmp_path / "base.gguf"), name="Base"), catalogue_key="base")


def test_a_part_that_is_there_already_is_said_before_a_byte_came(eyes: InstalledModel, tmp_path: Path) -> None:
    adding.add_file(path=write_projector(tmp_path / "own.gguf", seed=9), name="Own")
    assert refusal(lambda: downloads.ask_for(name="small")) == "model_refused"
    assert not Download.objects.exists()


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_part_that_was_added_meanwhile_is_said_too(
    eyes: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comes_late: bool
) -> None:
    def add() -> None:
        adding.add_file(path=write_projector(tmp_path / "own.gguf", seed=9), name="Own")

    downloads.ask_for(name="small")
    if comes_late:
        after_the_trial(monkeypatch, add)
    else:
        add()
    downloader.run_all()
    assert (row().status, row().reason_code) == (Status.FAILED, "does_not_work")
    assert "Base has Own already: remove that one first." in row().reason
    assert InstalledModel.objects.get(role="projector").name == "Own"


def test_a_base_that_was_removed_meanwhile_is_said_too(eyes: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads.ask_for(name="small")
    after_the_trial(monkeypatch, eyes.delete)
    downloader.run_all()
    assert (row().status, row().reason_code) == (Status.FAILED, "does_not_work")
    assert "No model of this name is installed." in row().reason
    assert not InstalledModel.objects.exists()


def after_the_trial(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have something happen between a file's trial and its storing."""

    def check(path: Path, entry: Entry) -> services.CheckedModel:
        checked = adding.check_fetched(path, entry)
        act()
        return checked

    monkeypatch.setattr(downloader, "check_fetched", check)
