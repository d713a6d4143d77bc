"""`manage.py models add` with a projector, and getting one of the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import IntegrityError
from django.test import Client

from apps.inference import adding, downloads, services
from apps.inference.catalogue import Role, catalogue, offered
from apps.inference.choice import choices
from apps.inference.fitting import LOOKING_BYTES, fit_of, this_machine
from apps.inference.models import InstalledModel
from tests.adapter_writer import write_adapter
from tests.gguf_writer import Shape, write_gemma4
from tests.projector_writer import write_projector

from .test_add_adapter import page
from .test_choose_model import install
from .test_models_command import models, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(tmp_path: Path) -> InstalledModel:
    """A model without eyes."""
    return services.add_model(path=write_gemma4(tmp_path / "base.gguf"), name="Gemma")


@pytest.fixture
def eyes(base: InstalledModel, tmp_path: Path) -> InstalledModel:
    """Its projector."""
    models("add", write_projector(tmp_path / "eyes.gguf"))
    return InstalledModel.objects.get(role="projector")


def test_it_is_added_to_its_model(eyes: InstalledModel, base: InstalledModel) -> None:
    assert (eyes.name, eyes.base, eyes.architecture) == ("Gemma (images)", base, "clip")
    assert InstalledModel.objects.with_parts().get(pk=base.pk).loaded.projector == eyes.file


def test_both_are_added_at_once(tmp_path: Path) -> None:
    said = models("add", write_gemma4(tmp_path / "m.gguf"), "--name", "Seer", "--projector", write_projector(tmp_path / "eyes.gguf"))
    assert said.splitlines() == [
        "Added Seer. Use it by: manage.py models use 'Seer'",
        "Added Seer (images): Seer sees images by it.",
    ]


def test_one_of_another_model_is_refused(tmp_path: Path) -> None:
    services.add_model(path=write_gemma4(tmp_path / "narrow.gguf", Shape(width=64)), name="Narrow")
    assert "its vectors are 128 wide, those of Narrow 64" in refusal("add", write_projector(tmp_path / "eyes.gguf"))
    assert not InstalledModel.objects.filter(role="projector").exists()


def test_it_needs_its_model_first(tmp_path: Path) -> None:
    path = write_projector(tmp_path / "eyes.gguf")
    assert refusal("add", path) == "This is the part of a model that sees images, and none is here: add that model first."
    install("a")
    install("b")
    assert refusal("add", path).endswith("Say by --base which model it belongs to: a, b.")


def test_a_model_has_two_eyes_at_most(eyes: InstalledModel, base: InstalledModel, tmp_path: Path) -> None:
    path = write_projector(tmp_path / "more.gguf", seed=9)
    assert refusal("add", path, "--name", "More") == "Gemma has Gemma (images) already: remove that one first."
    models("add", eyes.place)
    with pytest.raises(IntegrityError):
        InstalledModel.objects.filter(pk=install("third").pk).update(role="projector", base=base)


def test_it_answers_nothing_by_itself(eyes: InstalledModel, base: InstalledModel) -> None:
    assert refusal("use", eyes.name) == "By itself it cannot answer. Choose a model that chats."
    assert [(choice.name, choice.sees_images) for choice in choices()] == [("Gemma", True)]
    models("remove", eyes.name)
    assert [(choice.name, choice.sees_images) for choice in choices()] == [("Gemma", False)]


def test_an_adapter_sees_with_its_base(eyes: InstalledModel, tmp_path: Path) -> None:
    models("add", write_adapter(tmp_path / "letters.gguf"))
    install("other")
    assert [(choice.name, choice.sees_images) for choice in choices()] == [("Gemma", True), ("letters", True), ("other", False)]


def test_its_model_stays_as_long_as_it_is_there(eyes: InstalledModel) -> None:
    assert refusal("remove", "Gemma") == "This belongs to Gemma: Gemma (images). Remove it first."


def test_its_memory_is_counted(eyes: InstalledModel, base: InstalledModel) -> None:
    here = this_machine()
    with_eyes = fit_of(InstalledModel.objects.with_parts().get(pk=base.pk), here)
    eyes.delete()
    without = fit_of(InstalledModel.objects.with_parts().get(pk=base.pk), here)
    assert with_eyes
    assert without
    assert with_eyes.need.total - without.need.total == eyes.size_bytes + LOOKING_BYTES


def test_the_page_shows_it_under_its_model(eyes: InstalledModel, client: Client) -> None:
    shown = page(client)
    assert "With it the model sees the images that come with a question." in shown
    assert 'aria-label="Use Gemma (images)"' not in shown


def test_the_catalogue_offers_it_beside_its_model() -> None:
    assert not [entry for entry in offered(()) if entry.role is Role.PROJECTOR]
    found = offered({"gemma-4-e4b", "embeddinggemma-2"})
    assert [entry.key for entry in found if entry.role is Role.PROJECTOR] == ["gemma-4-e4b-images"]
    assert "gemma-4-e4b" not in [entry.key for entry in found]
    assert "sees the images" in catalogue()["gemma-4-e4b-images"].good_for


def test_it_is_not_fetched_before_its_model() -> None:
    with pytest.raises(downloads.BaseMissing, match=r"This is a part of Gemma 4 E4B\. Get that model first\."):
        downloads.ask_for(name="gemma-4-e4b-images")


def test_a_fetched_one_is_checked_with_its_model(base: InstalledModel, tmp_path: Path) -> None:
    entry = catalogue()["gemma-4-e4b-images"]
    path = write_projector(tmp_path / "eyes.gguf")
    with pytest.raises(services.NoSuchModel):
        adding.check_fetched(path, entry)
    InstalledModel.objects.filter(pk=base.pk).update(catalogue_key="gemma-4-e4b")
    checked = adding.check_fetched(path, entry)
    assert (checked.file.name, checked.role, checked.base, checked.file.sha256) == (entry.name, "projector", base, entry.sha256)
    path.write_bytes(b"nothing")
    with pytest.raises(services.ModelRefused, match="does not begin with the letters GGUF"):
        adding.check_fetched(path, entry)
