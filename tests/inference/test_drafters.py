"""A drafter: added, turned on and off; what it guesses changes no word."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import IntegrityError
from django.test import Client

from apps.audit.models import Event
from apps.chat.redrawing import redraw
from apps.inference import downloads, drafting, services
from apps.inference.catalogue import Role, offered
from apps.inference.choice import choices
from apps.inference.engines.base import Sampling
from apps.inference.engines.drafter import drafts_for, is_drafter, refuse_misfit
from apps.inference.engines.gguf_header import BadModelFile, read_contents
from apps.inference.fitting import fit_of, this_machine
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.model_file import ModelFile, read_model_file
from apps.inference.models import InstalledModel, Measurement
from tests.adapter_writer import write_adapter
from tests.drafter_writer import write_drafter
from tests.gguf_writer import Shape, write_gemma4
from tests.images import encoded, noise
from tests.projector_writer import write_projector

from .answers import pieces_of, text_of
from .test_add_adapter import page
from .test_models_command import models, refusal

SURE = Sampling(temperature=0.0)


@pytest.fixture
def base(tiny: Path, tmp_path: Path) -> ModelFile:
    """The tiny model with a drafter."""
    return replace(read_model_file(tiny, "tiny"), drafter=read_model_file(write_drafter(tmp_path / "d.gguf"), "d"))


@pytest.fixture
def gemma(db: None, tmp_path: Path) -> InstalledModel:
    """A model, added."""
    return services.add_model(path=write_gemma4(tmp_path / "base.gguf"), name="Gemma")


@pytest.fixture
def drafter(gemma: InstalledModel, tmp_path: Path) -> InstalledModel:
    """Its drafter, added."""
    models("add", write_drafter(tmp_path / "d.gguf"))
    return InstalledModel.objects.get(role="drafter")


def loaded(model: InstalledModel) -> ModelFile:
    """What a host would load."""
    return InstalledModel.objects.with_parts().get(pk=model.pk).loaded


async def test_it_changes_no_word(hosts: HostKeeper, engine: LocalEngine, base: ModelFile) -> None:
    questions = ("What is this?", "the of and to in is that", "Why?")
    alone = [text_of(await pieces_of(engine, question, max_tokens=48, sampling=SURE)) for question in questions]
    guessing = hosts.engine(base)
    assert [text_of(await pieces_of(guessing, question, max_tokens=48, sampling=SURE)) for question in questions] == alone
    assert all(alone)


async def test_many_answers_at_once_are_guessed(hosts: HostKeeper, base: ModelFile) -> None:
    answers = await asyncio.gather(*(pieces_of(hosts.engine(base), f"Number {number}", max_tokens=32) for number in range(6)))
    assert all(text_of(pieces) for pieces in answers)


async def test_it_works_beside_adapters_and_images(hosts: HostKeeper, base: ModelFile, tmp_path: Path) -> None:
    adapter = read_model_file(write_adapter(tmp_path / "a.gguf"), "a")
    eyes = read_model_file(write_projector(tmp_path / "e.gguf"), "e")
    images = (base64.b64encode(redraw(encoded(noise()))).decode(),)
    without, whole = (replace(base, adapters=(adapter,), projector=eyes, drafter=drafter) for drafter in (None, base.drafter))
    texts = []
    for file in (without, whole):
        engine = hosts.engine(file, adapter=adapter)
        texts.append([text_of(await pieces_of(engine, images=shown, max_tokens=24, sampling=SURE)) for shown in ((), images)])
    assert texts[0] == texts[1]


async def test_a_changed_one_is_left_out(hosts: HostKeeper, base: ModelFile) -> None:
    assert base.drafter
    base.drafter.path.write_bytes(b"nothing")
    assert text_of(await pieces_of(hosts.engine(base)))


def test_it_is_known_by_its_header(tiny: Path, tmp_path: Path) -> None:
    contents = read_contents(write_drafter(tmp_path / "d.gguf"))
    assert [is_drafter(contents), is_drafter(read_contents(tiny)), drafts_for(contents)] == [True, False, "gemma4"]
    refuse_misfit(contents, read_contents(tiny), "Gemma")


@pytest.mark.parametrize(("shape", "what"), [(Shape(width=64), "vectors"), (Shape(head_dim=32), "heads"), (Shape(words=600), "words")])
def test_one_of_another_model_is_refused(shape: Shape, what: str, tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(BadModelFile, match=f"made for another model: Gemma has other {what}"):
        refuse_misfit(read_contents(write_drafter(tmp_path / "d.gguf", shape)), read_contents(tiny), "Gemma")


def test_it_is_added_and_off(drafter: InstalledModel, gemma: InstalledModel) -> None:
    assert (drafter.name, drafter.base, drafter.is_active) == ("Gemma (drafter)", gemma, False)
    assert loaded(gemma).drafter is None
    assert [choice.name for choice in choices()] == ["Gemma"]
    assert refusal("use", drafter.name) == "By itself it cannot answer. Choose a model that chats."


def test_it_is_turned_on_and_off(drafter: InstalledModel, gemma: InstalledModel) -> None:
    Measurement.objects.create(model=gemma, tokens_per_s=9)
    models("draft", drafter.name)
    assert loaded(gemma).drafter == drafter.file
    assert not Measurement.objects.exists()  # that was its speed without
    models("use", "Gemma")
    models("draft", drafter.name, "--off")
    assert loaded(gemma).drafter is None
    assert [event.details["is_on"] for event in Event.objects.filter(action="model.drafter_switched").order_by("pk")] == [True, False]


def test_only_drafters_are_turned_on(gemma: InstalledModel) -> None:
    assert refusal("draft", "Gemma") == "This is no drafter."
    assert refusal("draft", "nobody") == "No model of this name is installed."


def test_two_models_have_theirs_on(drafter: InstalledModel, tmp_path: Path) -> None:
    services.add_model(path=write_gemma4(tmp_path / "other.gguf", Shape(words=700)), name="Other")
    assert "Say by --base" in refusal("add", write_drafter(tmp_path / "o.gguf", Shape(words=700)))
    models("add", tmp_path / "o.gguf", "--base", "Other")
    for name in ("Gemma (drafter)", "Other (drafter)"):
        drafting.switch(name, is_on=True)
    assert InstalledModel.objects.filter(role="drafter", is_active=True).count() == 2


def test_a_model_has_one(drafter: InstalledModel, gemma: InstalledModel, tmp_path: Path) -> None:
    path = write_drafter(tmp_path / "more.gguf")
    assert refusal("add", path, "--name", "More") == "Gemma has Gemma (drafter) already: remove that one first."
    with pytest.raises(IntegrityError):
        InstalledModel.objects.filter(pk=gemma.pk).update(role="drafter", base=gemma)


def test_it_is_removed_while_it_is_on(drafter: InstalledModel) -> None:
    drafting.switch(drafter.name, is_on=True)
    models("remove", drafter.name)
    assert not InstalledModel.objects.filter(role="drafter").exists()


def test_its_memory_is_counted(drafter: InstalledModel, gemma: InstalledModel) -> None:
    here = this_machine()
    whole = fit_of(InstalledModel.objects.with_parts().get(pk=gemma.pk), here)
    drafter.delete()
    alone = fit_of(InstalledModel.objects.with_parts().get(pk=gemma.pk), here)
    assert whole
    assert alone
    assert whole.need.total - alone.need.total == drafter.size_bytes


def test_the_page_turns_it_on_and_off(drafter: InstalledModel, client: Client) -> None:
    for act, label in (("draft", "Turn on"), ("undraft", "Turn off")):
        assert f">{label}</button>" in page(client)
        client.post("/admin/models/", {"act": act, "model": drafter.name})
        drafter.refresh_from_db()
        assert drafter.is_active is (act == "draft")
        assert ("Guesses now" in page(client)) is drafter.is_active


def test_the_page_speaks_of_adapters_where_there_are_some(drafter: InstalledModel, client: Client, tmp_path: Path) -> None:
    assert "An adapter changes how this model writes" not in page(client)
    models("add", write_adapter(tmp_path / "letters.gguf"), "--name", "zz")
    assert "An adapter changes how this model writes" in page(client)


def test_the_page_does_not_offer_to_remove_a_model_with_parts(drafter: InstalledModel, client: Client) -> None:
    assert 'aria-label="Remove Gemma"' not in page(client)
    assert f'aria-label="Remove {drafter.name}"' in page(client)
    models("remove", drafter.name)
    assert 'aria-label="Remove Gemma"' in page(client)


def test_the_catalogue_offers_it_beside_its_model() -> None:
    assert [entry.key for entry in offered({"gemma-4-e4b-unsloth"}) if entry.role is Role.DRAFTER] == ["gemma-4-e4b-unsloth-drafter"]


@pytest.mark.django_db
def test_it_is_not_fetched_before_its_model() -> None:
    with pytest.raises(downloads.BaseMissing):
        downloads.ask_for(name="gemma-4-e4b-unsloth-drafter")
