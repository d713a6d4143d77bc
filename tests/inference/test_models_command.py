"""`manage.py models` in a running installation."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from apps.audit.models import Event
from apps.inference import services
from apps.inference.models import InstalledModel
from tests.gguf_writer import Shape, write_gemma4

pytestmark = pytest.mark.django_db


def models(*arguments: object) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("models", *map(str, arguments), stdout=out)
    return out.getvalue()


def refusal(*arguments: object) -> str:
    """The one line with which the command fails."""
    with pytest.raises(CommandError) as caught:
        models(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def installed(tiny: Path) -> InstalledModel:
    """The tiny model, added and not yet in use."""
    return services.add_model(path=tiny, name="tiny")


def test_a_file_is_added_under_the_name_that_it_has_inside(tiny: Path) -> None:
    assert "random-tiny" in models("add", tiny)
    model = InstalledModel.objects.get()
    assert (model.name, model.architecture, model.quantisation, model.context_length) == ("random-tiny", "gemma4", "F16", 8192)
    assert (model.path, model.size_bytes, model.is_active) == (str(tiny), tiny.stat().st_size, False)


def test_a_name_can_be_given(tiny: Path) -> None:
    models("add", tiny, "--name", "Small one")
    assert InstalledModel.objects.get().name == "Small one"


def test_a_model_answers_after_it_is_chosen(installed: InstalledModel) -> None:
    assert services.active_model() is None
    models("use", "tiny")
    assert services.active_model() == installed
    assert Event.objects.filter(action="model.used", target=str(installed.pk)).exists()


def test_another_model_takes_its_place(installed: InstalledModel, tmp_path: Path) -> None:
    other = services.add_model(path=write_gemma4(tmp_path / "other.gguf", Shape(name="other")))
    models("use", "tiny")
    models("use", other.name)
    assert services.active_model() == other


def test_none_can_be_chosen(installed: InstalledModel) -> None:
    models("use", "tiny")
    models("use", "quote")
    models("use", "quote")
    assert services.active_model() is None


def test_the_list_marks_the_one_in_use(installed: InstalledModel) -> None:
    assert models("list").startswith("  tiny")
    models("use", "tiny")
    assert models("list").startswith("* tiny  gemma4  F16")


def test_a_failed_file_leaves_no_trace(tmp_path: Path) -> None:
    page = tmp_path / "page.gguf"
    page.write_text("<html>")
    assert "does not begin with the letters GGUF" in refusal("add", page)
    assert "No such file" in refusal("add", tmp_path / "nothing.gguf")
    assert "SIGABRT" in refusal("add", write_gemma4(tmp_path / "aborts.gguf", Shape(layers=6)))
    assert not InstalledModel.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["quote", "a\nb", "x" * 101, "\x00"])
def test_a_bad_name_is_refused(tiny: Path, name: str) -> None:
    assert "cannot be named" in refusal("add", tiny, "--name", name)
    assert not InstalledModel.objects.exists()


def test_a_name_stands_for_one_file(installed: InstalledModel, tiny: Path, tmp_path: Path) -> None:
    other = shutil.copy(tiny, tmp_path / "other.gguf")
    assert "already" in refusal("add", other, "--name", "tiny")
    assert InstalledModel.objects.get() == installed


def test_a_changed_file_must_be_added_again(tmp_path: Path, tiny: Path) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    models("add", path, "--name", "m")
    write_gemma4(path, Shape(words=900))
    assert "has changed since" in refusal("use", "m")
    models("add", path, "--name", "m")
    models("use", "m")
    assert InstalledModel.objects.get().is_active


def test_an_unknown_name_is_refused() -> None:
    assert refusal("use", "nobody") == "No model of this name is installed."


def test_no_two_models_are_in_use(installed: InstalledModel, tmp_path: Path) -> None:
    other = services.add_model(path=write_gemma4(tmp_path / "other.gguf", Shape(name="other")))
    models("use", "tiny")
    with pytest.raises(IntegrityError):
        InstalledModel.objects.filter(pk=other.pk).update(is_active=True)
