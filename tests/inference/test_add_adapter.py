"""`manage.py models add` with an adapter: its base, the trial, and what becomes of both."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from django.db import IntegrityError, connection
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from apps.accounts.models import User
from apps.audit.models import Event
from apps.inference import keeping, services
from apps.inference.choice import choices, choose, model_of
from apps.inference.engines.llama import PROMPT_CACHE_MIB
from apps.inference.fit import MIB
from apps.inference.fitting import fit_of, this_machine
from apps.inference.models import InstalledModel
from tests.adapter_writer import write_adapter
from tests.gguf_writer import Shape, write_gemma4

from .test_models_command import models, refusal

pytestmark = pytest.mark.django_db
SMALLER = Shape(name="smaller", feed_forward=128)


@pytest.fixture
def base(tmp_path: Path) -> InstalledModel:
    """A model to be changed, in a file of its own."""
    return services.add_model(path=write_gemma4(tmp_path / "base.gguf"), name="Gemma")


@pytest.fixture
def adapter(base: InstalledModel, tmp_path: Path) -> InstalledModel:
    """Its adapter."""
    models("add", write_adapter(tmp_path / "letters.gguf"), "--name", "Our letters")
    return InstalledModel.objects.get(name="Our letters")


def page(client: Client) -> str:
    """The page of models, its spaces made one."""
    return " ".join(client.get("/admin/models/").content.decode().split())


def test_it_is_added_to_its_base(base: InstalledModel, tmp_path: Path) -> None:
    said = models("add", write_adapter(tmp_path / "letters.gguf"))
    assert said.startswith("Added letters on Gemma.")
    added = InstalledModel.objects.get(name="letters")
    assert (added.base, added.role, added.architecture, added.quantisation, added.context_length) == (base, "chat", "gemma4", "F32", 8192)
    assert Event.objects.get(action="model.added", target=str(added.pk)).details["base"] == "Gemma"


def test_without_a_base_it_says_what_to_add_first(tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "letters.gguf")
    assert refusal("add", path).endswith("of the architecture gemma4, and none is here: add that model first.")
    assert refusal("add", path, "--base", "Gemma") == "No model of this name is installed."


def test_of_two_it_asks_for_one(base: InstalledModel, tmp_path: Path) -> None:
    services.add_model(path=write_gemma4(tmp_path / "smaller.gguf", SMALLER), name="Smaller")
    path = write_adapter(tmp_path / "letters.gguf")
    assert (
        refusal("add", path)
        == "This is an adapter for a model of the architecture gemma4. Say by --base which model it belongs to: Gemma, Smaller."
    )
    assert "in Smaller 'blk.0.ffn_down.weight' has another size" in refusal("add", path, "--base", "Smaller")
    assert "on Gemma" in models("add", path, "--base", "Gemma")


def test_one_of_another_architecture_is_refused(base: InstalledModel, tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "letters.gguf", architecture="llama")
    assert "of the architecture llama; Gemma is gemma4" in refusal("add", path, "--base", "Gemma")
    assert not InstalledModel.objects.exclude(pk=base.pk).exists()


def test_only_adapters_have_a_base(base: InstalledModel, tiny: Path) -> None:
    assert "is no part of another model" in refusal("add", tiny, "--base", "Gemma")


def test_an_adapter_of_an_adapter_is_not_to_be_had(adapter: InstalledModel, tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "more.gguf", seed=2)
    assert refusal("add", path, "--base", "Our letters") == "No model of this name is installed."


def test_another_kind_or_a_changed_base_is_refused(base: InstalledModel, tmp_path: Path) -> None:
    assert "no LoRA adapter" in refusal("add", write_adapter(tmp_path / "other.gguf", adapter_type="ia3"))
    write_gemma4(base.place, Shape(words=900))
    assert "has changed since it was added" in refusal("add", write_adapter(tmp_path / "letters.gguf"))


def test_a_base_that_is_not_there_any_more_is_said_so(base: InstalledModel, tmp_path: Path) -> None:
    base.place.unlink()
    assert "The file cannot be read" in refusal("add", write_adapter(tmp_path / "letters.gguf"))


def test_the_list_shows_it_under_its_base(adapter: InstalledModel) -> None:
    lines = models("list").splitlines()
    assert lines[0].startswith("  Gemma  gemma4")
    assert lines[1].startswith("    Our letters  gemma4")
    assert lines[2] == ""


def test_its_base_stays_as_long_as_it_is_there(adapter: InstalledModel, base: InstalledModel) -> None:
    assert refusal("remove", "Gemma") == "This belongs to Gemma: Our letters. Remove it first."
    models("remove", "Our letters")
    assert adapter.place.exists()
    models("remove", "Gemma")
    assert not InstalledModel.objects.exists()


def test_its_base_is_not_exchanged_under_it(adapter: InstalledModel, base: InstalledModel) -> None:
    write_gemma4(base.place, SMALLER)
    assert "This belongs to Gemma" in refusal("add", base.place, "--name", "Gemma")


def test_a_base_that_goes_meanwhile_is_missed(base: InstalledModel, tmp_path: Path) -> None:
    checked = services.check_model(path=write_gemma4(tmp_path / "other.gguf", SMALLER), name="other")
    keeping.remove("Gemma")
    with pytest.raises(services.NoSuchModel):
        services.store_model(services.CheckedModel(checked.file, checked.header, checked.role, base))


def test_the_database_keeps_the_base_too(adapter: InstalledModel, base: InstalledModel) -> None:
    with pytest.raises(ProtectedError):
        base.delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inference_modelfit")
        cursor.execute("DELETE FROM inference_installedmodel WHERE id = %s", [base.pk])
        with pytest.raises(IntegrityError):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_it_is_verified_like_any_model(adapter: InstalledModel, base: InstalledModel) -> None:
    assert "Our letters: as it was" in models("verify")
    write_adapter(adapter.place, seed=5)
    assert refusal("verify") == "Not what was checked: Our letters."
    assert "has changed since" in refusal("use", "Our letters")
    models("use", "Gemma")


def test_it_can_be_used_and_left_again(adapter: InstalledModel) -> None:
    models("use", "Our letters")
    active = services.active_model()
    assert active == adapter
    assert active.loaded.adapters == (adapter.file,)
    assert "answers now" in refusal("remove", "Our letters")
    models("use", "Gemma")
    models("back")
    assert services.active_model() == adapter


def test_it_is_not_used_where_its_base_has_changed(adapter: InstalledModel, base: InstalledModel) -> None:
    write_gemma4(base.place, Shape(words=900))
    assert "base.gguf has changed since" in refusal("use", "Our letters")


def test_no_page_waits_for_its_base_to_be_read(adapter: InstalledModel, base: InstalledModel, root: User) -> None:
    InstalledModel.objects.filter(pk=adapter.pk).update(left_at=now())
    os.utime(base.place)
    for use in (partial(services.use_checked_model, adapter.name, used_by=root), services.use_model_before):
        with pytest.raises(services.ModelRefused, match="Gemma: The file was written to since it was checked"):
            use()
    assert services.use_model(adapter.name).is_active  # the command reads it


def test_all_that_share_a_base_are_loaded_as_one_file(adapter: InstalledModel, base: InstalledModel, tmp_path: Path) -> None:
    models("add", write_adapter(tmp_path / "more.gguf", seed=2), "--name", "More")
    known = choices()
    assert [choice.name for choice in known] == ["Gemma", "More", "Our letters"]
    files = set()
    for choice in known:
        model = model_of(choose(choice.pk, among=known) or choice)
        assert isinstance(model, InstalledModel)
        with CaptureQueriesContext(connection) as queries:
            files.add(model.loaded)
        assert not queries.captured_queries
    assert len(files) == 1


def test_its_memory_is_counted_with_its_base(adapter: InstalledModel, base: InstalledModel) -> None:
    here = this_machine()
    InstalledModel.objects.filter(pk=adapter.pk).update(size_bytes=1)
    small = fit_of(InstalledModel.objects.with_parts().get(pk=base.pk), here)
    InstalledModel.objects.filter(pk=adapter.pk).update(size_bytes=1_000_001)
    for model in InstalledModel.objects.with_parts():
        found = fit_of(model, here)
        assert small
        assert found
        assert found.need.total - small.need.total == 1_000_000


def test_beside_it_no_prompt_cache_is_counted(adapter: InstalledModel, base: InstalledModel) -> None:
    changed = fit_of(InstalledModel.objects.with_parts().get(pk=base.pk), this_machine())
    adapter.delete()
    alone = fit_of(InstalledModel.objects.with_parts().get(pk=base.pk), this_machine())
    assert changed
    assert alone
    assert alone.need.earlier - changed.need.earlier == PROMPT_CACHE_MIB * MIB


def test_the_table_counts_it_with_its_base(adapter: InstalledModel) -> None:
    assert [line.split()[0] for line in models("fit").splitlines()[2:] if not line.startswith("  ")] == ["Gemma"]
    assert "Our letters" in models("fit", "Our letters")


def test_the_page_shows_it_under_its_base(adapter: InstalledModel, base: InstalledModel, client: Client) -> None:
    shown = page(client)
    card = shown[shown.index(f'id="model-{base.pk}"') : shown.index("Built in, needs no model")]
    assert "The model is in memory once for all of them." in card
    assert f'id="model-{adapter.pk}"' in card
    assert shown.count('class="card model"') - shown.count("Get a model") >= 2
    client.post("/admin/models/", {"model": "Our letters"})
    assert services.active_model() == adapter
    assert 'aria-current="true"> <div class="model-head"> <h4>Our letters' in page(client)


def test_the_page_says_why_a_base_stays(adapter: InstalledModel, client: Client) -> None:
    answer = client.post("/admin/models/", {"act": "remove", "model": "Gemma"}, follow=True)
    assert "This belongs to Gemma: Our letters. Remove it first." in answer.content.decode()
    client.post("/admin/models/", {"act": "remove", "model": "Our letters"})
    assert not InstalledModel.objects.filter(name="Our letters").exists()


def test_the_page_asks_no_more_for_more_adapters(adapter: InstalledModel, client: Client, tmp_path: Path) -> None:
    page(client)
    with CaptureQueriesContext(connection) as one:
        page(client)
    models("add", write_adapter(tmp_path / "more.gguf", seed=2))
    with CaptureQueriesContext(connection) as two:
        page(client)
    assert len(two) == len(one)


def test_the_page_shows_a_changed_one(adapter: InstalledModel, client: Client) -> None:
    adapter.place.unlink()
    assert "The file is not there any more" in page(client)
    assert 'aria-label="Use Our letters"' not in page(client)
