"""`manage.py models` in a running installation."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from apps.audit.models import Event
from apps.inference import downloads, services
from apps.inference.management.commands.models import Fetching
from apps.inference.model_file import ModelFileChanged, refuse_if_changed
from apps.inference.models import Download, InstalledModel
from tests.drafter_writer import write_drafter
from tests.finder_writer import write_finder
from tests.gguf_writer import Shape, write_gemma4

from .hub_server import LocalHub, cut_after, stall_after, status, write_catalogue

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


@pytest.fixture
def hub(tiny: Path, tmp_path: Path, settings: Any) -> Iterator[LocalHub]:
    """A hub with the tiny model, in the catalogue as `small`."""
    running = LocalHub()
    running.serve(tiny.read_bytes())
    settings.CATALOGUE = write_catalogue(tmp_path / "catalogue.toml", tiny.read_bytes())
    settings.MODELS = tmp_path / "models"
    settings.HF_ENDPOINTS = [running.address]
    yield running
    running.close()


@pytest.mark.django_db(transaction=True)
def test_a_model_is_pulled_and_used(hub: LocalHub) -> None:
    assert models("pull", "small").strip() == "It is here. Use it by: manage.py models use small"
    models("use", "small")
    assert services.active_model() == InstalledModel.objects.get(name="Small")


@pytest.mark.django_db(transaction=True)
def test_an_embedder_is_pulled_and_used(hub: LocalHub, settings: Any, tmp_path: Path) -> None:
    data = write_finder(tmp_path / "finder.gguf").read_bytes()
    hub.serve(data)
    settings.CATALOGUE = write_catalogue(tmp_path / "finders.toml", data, role="embed")
    assert models("pull", "small").strip() == "It is here. Use it by: manage.py models use small"
    assert "found with small" in models("use", "small")


@pytest.mark.django_db(transaction=True)
def test_a_drafter_that_is_pulled_is_off(hub: LocalHub, settings: Any, tmp_path: Path) -> None:
    models("pull", "small")
    data = write_drafter(tmp_path / "drafter.gguf").read_bytes()
    hub.serve(data)
    drafter = write_catalogue(tmp_path / "drafter.toml", data, key="guesses", name="Guesses", role="drafter").read_text()
    settings.CATALOGUE = tmp_path / "both.toml"
    settings.CATALOGUE.write_text(f'{(tmp_path / "catalogue.toml").read_text()}\n{drafter}of = "small"\n')
    assert models("pull", "guesses").strip() == "It is here. It is off until you turn it on by: manage.py models draft guesses"
    assert not InstalledModel.objects.get(name="Guesses").is_active
    assert "guesses from the next question on" in models("draft", "guesses")


@pytest.mark.django_db(transaction=True)
def test_a_pull_that_failed_says_why_and_the_next_one_goes_on(hub: LocalHub) -> None:
    hub.answers = [cut_after(200_000), status(401)]
    assert "Accept the licence on the page of team/small" in refusal("pull", "small")
    assert "It is here" in models("pull", "Small")
    assert hub.ranges == [None, "bytes=200000-", "bytes=200000-"]


@pytest.mark.django_db(transaction=True)
def test_ctrl_c_stops_a_pull_and_keeps_what_came(hub: LocalHub, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(seconds: float) -> None:
        if threading.current_thread() is threading.main_thread() and Download.objects.get().done_bytes == 200_000:
            raise KeyboardInterrupt

    hub.answers = [stall_after(200_000, 20)]
    monkeypatch.setattr(time, "sleep", interrupted)
    assert refusal("pull", "small") == "Stopped. What came is kept: the same command goes on."
    assert Download.objects.get().status == Download.Status.STOPPED
    assert (settings.MODELS / "small.gguf.part").stat().st_size == 200_000
    assert "download" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.django_db(transaction=True)
def test_a_pull_that_a_worker_has_begun_is_looked_at(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    mine = downloads.claim_next()
    assert mine is not None
    fetching = Fetching(mine)
    threading.Timer(0.5, fetching.start).start()
    assert "It is here" in models("pull", "small")
    assert len(hub.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_a_terminal_sees_how_far_it_is(hub: LocalHub, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.inference.management.commands.models.LOOK_S", 0.01)  # the trial of a tiny model is over in no time

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    hub.pause_s = 0.05
    out = Terminal()
    call_command("models", "pull", "small", stdout=out)
    assert "\r\033[K0" in out.getvalue()
    assert "Trying the model" in out.getvalue()


def test_what_cannot_be_pulled_is_refused(hub: LocalHub, settings: Any) -> None:
    assert refusal("pull", "nobody") == "The catalogue has no model of this name."
    settings.HF_HUB_OFFLINE = True
    assert "HF_HUB_OFFLINE is set" in refusal("pull", "small")


def test_the_list_shows_what_can_be_had(hub: LocalHub, installed: InstalledModel) -> None:
    assert "\n  small  0.0 GB  MIT" in models("list")
    InstalledModel.objects.update(catalogue_key="small")
    assert "\n  small  " not in models("list")


def test_the_list_has_the_shipped_catalogue() -> None:
    assert "gemma-4-e4b  5.2 GB  Apache-2.0  The one to begin with" in models("list")
    assert "mmproj" not in models("list")


def test_a_file_that_is_as_it_was_is_verified(installed: InstalledModel) -> None:
    assert models("verify") == models("verify", "tiny") == "tiny: as it was\n"
    assert Event.objects.filter(action="model.verified").count() == 2


def test_a_changed_byte_is_found_and_the_file_not_loaded_any_more(tmp_path: Path, tiny: Path) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    models("add", path, "--name", "m")
    known = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    models("use", "m")  # one look does not tell
    assert refusal("verify") == "Not what was checked: m."
    with pytest.raises(ModelFileChanged):
        refuse_if_changed(InstalledModel.objects.get().file)
    assert "not those that were checked" in InstalledModel.objects.get().trouble
    data[-1] ^= 1
    path.write_bytes(data)
    assert models("verify", "m") == "m: as it was\n"
    assert InstalledModel.objects.get().trouble == ""


def test_a_file_that_is_gone_is_told(tmp_path: Path, tiny: Path) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    models("add", path, "--name", "m")
    path.unlink()
    assert refusal("verify", "m") == "Not what was checked: m."
    assert refusal("verify", "nobody") == "No model of this name is installed."


def test_a_removed_model_leaves_its_owners_file(installed: InstalledModel, tiny: Path) -> None:
    assert models("remove", "tiny").startswith(f"Removed tiny; its file stays at {tiny}")
    assert tiny.exists()
    assert not InstalledModel.objects.exists()
    assert Event.objects.get(action="model.removed").target == str(installed.pk)
    assert refusal("remove", "tiny") == "No model of this name is installed."


@pytest.mark.django_db(transaction=True)
def test_a_removed_model_that_was_fetched_is_deleted_and_can_be_had_again(hub: LocalHub, settings: Any) -> None:
    models("pull", "small")
    assert models("remove", "small") == "Removed Small; its file was deleted.\n"
    assert list(Path(settings.MODELS).glob("[!.]*")) == []
    models("pull", "small")
    assert InstalledModel.objects.get().name == "Small"


def test_the_model_in_use_is_not_removed(installed: InstalledModel) -> None:
    models("use", "tiny")
    assert "Choose another one first" in refusal("remove", "tiny")
    models("use", "quote")
    models("remove", "tiny")


def test_the_way_back_leads_to_the_one_before(installed: InstalledModel, tmp_path: Path) -> None:
    assert refusal("back") == "No other model was in use before."
    services.add_model(path=write_gemma4(tmp_path / "other.gguf", Shape(name="other")), name="other")
    models("use", "tiny")
    models("use", "tiny")
    assert refusal("back") == "No other model was in use before."
    models("use", "other")
    assert models("back") == "Answers come from tiny again.\n"
    assert models("back") == "Answers come from other again.\n"
    models("use", "quote")
    assert models("back") == "Answers come from other again.\n"


def test_there_is_no_way_back_to_a_changed_file(tmp_path: Path, tiny: Path, installed: InstalledModel) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    models("add", path, "--name", "m")
    models("use", "m")
    models("use", "tiny")
    path.unlink()
    assert "The file is not there any more" in refusal("back")
    assert services.active_model() == installed
