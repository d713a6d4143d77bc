"""How a model is loaded is kept with it; what does not fit is refused with numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core.errors import NotFound
from apps.inference import fitting, services
from apps.inference.catalogue import catalogue
from apps.inference.engines.base import context_of
from apps.inference.fit import MIB, Setting, need_of
from apps.inference.model_file import read_model_file
from apps.inference.models import InstalledModel, ModelFit
from tests.gguf_writer import Shape, write_gemma4

from .answers import pieces_of
from .machines import installed, pretend
from .test_choose_model import install
from .test_models_command import models

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(tiny: Path) -> InstalledModel:
    """The tiny model, added."""
    return installed(tiny)


def test_a_model_is_loaded_as_the_settings_say(model: InstalledModel, settings: Any) -> None:
    assert fitting.setting_of(model) == Setting(8192, 4)
    settings.CONTEXT_TOKENS, settings.SLOTS = 4096, 2
    assert fitting.setting_of(model) == Setting(4096, 2)


def test_no_context_is_longer_than_the_model_was_made_for(model: InstalledModel, settings: Any) -> None:
    settings.CONTEXT_TOKENS = 65_536
    assert fitting.setting_of(model).context_tokens == 8192


def test_its_own_setting_is_kept_and_audited(model: InstalledModel, alice: User) -> None:
    fitting.keep_setting(model=model, context_tokens=4096, slots=2, kept_by=alice)
    model = InstalledModel.objects.get()
    assert fitting.setting_of(model) == Setting(4096, 2)
    event = Event.objects.get(action="model.fitted")
    assert (event.actor, event.target) == (alice, str(model.pk))


def test_it_stays_when_the_file_is_added_again(model: InstalledModel, tiny: Path) -> None:
    fitting.keep_setting(model=model, context_tokens=4096, slots=2)
    services.add_model(path=tiny, name="tiny")
    assert fitting.setting_of(InstalledModel.objects.get()) == Setting(4096, 2)


@pytest.mark.parametrize(("context_tokens", "slots"), [(0, 1), (4097, 1), (16_384, 1), (4096, 0), (4096, 5), (2048, 1)])
def test_no_other_numbers_are_taken(model: InstalledModel, context_tokens: int, slots: int) -> None:
    with pytest.raises(fitting.UnknownSetting):
        fitting.keep_setting(model=model, context_tokens=context_tokens, slots=slots)
    assert ModelFit.objects.get().slots is None


def test_a_model_that_is_gone_is_not_found(model: InstalledModel) -> None:
    InstalledModel.objects.all().delete()
    with pytest.raises(NotFound):
        fitting.keep_setting(model=model, context_tokens=4096, slots=1)


def test_fewer_workers_than_were_chosen_are_enough(model: InstalledModel, settings: Any) -> None:
    fitting.keep_setting(model=model, context_tokens=4096, slots=4)
    settings.SLOTS = 2
    assert fitting.setting_of(InstalledModel.objects.select_related("fit").get()).slots == 2


def test_what_does_not_fit_is_not_used(model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=2, free=0.57)
    with pytest.raises(fitting.DoesNotFit) as refused:
        services.use_model("tiny")
    sentence = str(refused.value)
    assert "tiny does not fit: with 4 answers at once of 8192 tokens each it needs" in sentence
    assert "583.7" in sentence  # MB are free
    assert "It fits with a context of" in sentence
    assert services.active_model() is None


def test_the_setting_that_was_told_fits(model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=2, free=0.57)
    found = fitting.fit_of(model, fitting.this_machine())
    assert found
    assert found.nearest
    fitting.keep_setting(model=model, context_tokens=found.nearest.context_tokens, slots=found.nearest.slots)
    assert services.use_model("tiny").is_active


def test_a_setting_that_does_not_fit_is_not_kept(model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=1, free=0.2)
    with pytest.raises(fitting.DoesNotFit, match="No smaller setting fits either"):
        fitting.keep_setting(model=model, context_tokens=4096, slots=1)
    assert ModelFit.objects.get().slots is None


def test_a_processor_without_avx2_is_told_before_a_model_is_loaded(
    model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, total=64, free=60, flags="sse2 avx")
    with pytest.raises(fitting.DoesNotFit, match="lacks AVX2"):
        services.use_model("tiny")
    assert "lacks AVX2" in models("fit")


def test_a_model_that_was_added_before_is_read(model: InstalledModel) -> None:
    ModelFit.objects.all().delete()
    model = InstalledModel.objects.get()
    assert fitting.shape_of(model)
    assert fitting.fit_of(model, fitting.this_machine())


def test_of_a_file_that_says_nothing_nothing_is_said() -> None:
    model = install("unknown")
    assert fitting.fit_of(model, fitting.this_machine()) is None
    assert services.use_model("unknown").is_active
    assert "does not say how much memory" in models("fit", "unknown")


def test_the_command_prints_a_table(model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=16, free=12)
    first, head, line = models("fit").splitlines()
    assert first.startswith("This machine: 16.0 GB of memory, 12.0 GB free for a model, ")
    assert head.split()[:2] == ["model", "context"]
    assert line.split()[:3] == ["tiny", "8192", "4"]
    assert line.endswith("fits well")


def test_the_command_tells_what_is_missing(model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=2, free=0.57)
    *_, line, told = models("fit", "tiny").splitlines()
    assert "does not fit: needs" in line
    assert "It fits with a context of" in told
    with pytest.raises(CommandError, match="tiny does not fit"):
        call_command("models", "use", "tiny")
    with pytest.raises(CommandError, match="No model of this name"):
        call_command("models", "fit", "nobody")


async def test_the_host_is_loaded_anew_with_another_setting(tmp_path: Path) -> None:
    file = read_model_file(write_gemma4(tmp_path / "m.gguf", Shape(words=700)), "other")
    services.keeper.cache_clear()
    keeper = services.keeper()
    try:
        assert await pieces_of(keeper.engine(file, Setting(512, 1)), max_tokens=4)
        first = keeper.status().pid
        assert context_of(keeper.engine(file, Setting(512, 1)), 8192) == 512
        assert await pieces_of(keeper.engine(file, Setting(512, 1)), max_tokens=4)
        assert keeper.status().pid == first
        assert await pieces_of(keeper.engine(file, Setting(1024, 2)), max_tokens=4)
        assert keeper.status().pid != first
    finally:
        await keeper.close()
        services.keeper.cache_clear()


@pytest.mark.parametrize(
    ("key", "mib"), [("gemma-4-e2b", 60), ("gemma-4-e4b", 168), ("gemma-4-12b", 608), ("gemma-4-26b-a4b", 460), ("gemma-4-31b", 1840)]
)
def test_the_catalogue_knows_the_cache_of_each_gemma(key: str, mib: int) -> None:
    shape = fitting.shape_of_entry(catalogue()[key])
    assert shape
    assert need_of(shape, Setting(8192, 1)).context == mib * MIB


def test_a_model_that_can_be_had_is_told_to_fit_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, total=16, free=12)
    here = fitting.this_machine()
    verdicts = {key: found.verdict for key, entry in catalogue().items() if (found := fitting.fit_of_offer(entry, here))}
    assert verdicts["gemma-4-e2b"] == verdicts["gemma-4-e4b"] == "well"
    assert verdicts["gemma-4-31b"] == "not"
    assert "bge-m3" not in verdicts
