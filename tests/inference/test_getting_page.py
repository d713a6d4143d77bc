"""Getting, stopping, verifying and removing models on the administrator's page, as plain forms."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import Event
from apps.inference import downloader, downloads, keeping, services
from apps.inference.models import Download, InstalledModel
from tests.conftest import signed_in

from .hub_server import LocalHub, cut_after, status, write_catalogue
from .test_choose_model import install

PAGE = {"accept": "text/html"}
Status = Download.Status


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


def shown(client: Client, path: str = "/admin/models/") -> str:
    """The page, its spaces made one."""
    return " ".join(client.get(path, headers=PAGE).content.decode().split())


def act(client: Client, act: str, model: str) -> str:
    """What the page says after the act."""
    answer = client.post("/admin/models/", {"act": act, "model": model}, headers=PAGE, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_shipped_catalogue_is_offered(client: Client) -> None:
    page = shown(client)
    for said in ("Gemma 4 E4B", "The one to begin with", "4.8 GB", "Apache-2.0", "131072 tokens", "google/gemma-4-E4B-it-qat-q4_0-gguf"):
        assert said in page
    assert 'aria-label="Get EmbeddingGemma 2"' in page
    assert page.count('aria-label="Get ') == 18
    assert "(images)" not in page


@pytest.mark.django_db(transaction=True)
def test_a_model_is_got_and_used(client: Client, root: User, hub: LocalHub) -> None:
    assert "It is being fetched." in act(client, "get", "small")
    assert "Waiting for its turn" in shown(client)
    downloader.run_all()
    page = shown(client)
    assert 'aria-label="Use Small"' in page
    assert 'value="get"' not in page
    assert "Small answers." in act(client, "use", "Small")
    assert [event.actor for event in Event.objects.all()] == [root] * 4


@pytest.mark.django_db(transaction=True)
def test_a_failure_says_why_and_what_to_do(client: Client, hub: LocalHub) -> None:
    hub.answers = [cut_after(200_000), status(403)]
    act(client, "get", "small")
    downloader.run_all()
    page = shown(client)
    assert "Accept the licence on the page of team/small" in page
    assert 'aria-label="Try again to get Small">Try again<' in page
    assert "Throw away" in page
    assert "What came was thrown away." in act(client, "discard", "small")
    assert 'aria-label="Get Small"' in shown(client)


def test_it_is_stopped_and_gone_on_with(client: Client, hub: LocalHub) -> None:
    act(client, "get", "small")
    assert 'aria-label="Stop getting Small"' in shown(client)
    assert "Stopped. What came is kept." in act(client, "stop", "small")
    page = shown(client)
    assert "Stopped at 0 bytes of" in page
    assert 'aria-label="Go on getting Small">Go on<' in page
    act(client, "get", "small")
    assert Download.objects.get().status == Status.QUEUED


def test_what_moves_is_told_to_the_script(client: Client, hub: LocalHub) -> None:
    assert 'data-states="/admin/models/states/"' in shown(client)
    assert "data-moving" not in shown(client, "/admin/models/states/")
    act(client, "get", "small")
    size = Download.objects.get().size_bytes
    Download.objects.update(status=Status.RUNNING, done_bytes=size // 2, rate_bytes_s=size // 240)
    part = shown(client, "/admin/models/states/")
    assert 'data-status="running" data-name="Small" data-moving' in part
    assert f'<progress value="{size // 2}" max="{size}"' in part
    assert "2 minutes left" in part
    assert "<html" not in part


@pytest.mark.parametrize(("rate", "words"), [(1, "800 hours left"), (1000, "48 minutes left"), (10**6, "less than a minute left")])
def test_the_time_left_is_in_words_that_fit(client: Client, hub: LocalHub, rate: int, words: str) -> None:
    act(client, "get", "small")
    Download.objects.update(status=Status.RUNNING, size_bytes=2_880_000, done_bytes=0, rate_bytes_s=rate)
    assert words in shown(client, "/admin/models/states/")


@pytest.mark.parametrize("name", ["", "nobody", "small\0", "../small", "gemma-4-e4b-images"])
@pytest.mark.parametrize("what", ["get", "stop", "discard", "verify", "remove"])
def test_what_is_not_there_is_a_sentence(client: Client, hub: LocalHub, what: str, name: str) -> None:
    page = act(client, what, name)
    assert any(said in page for said in ("has no model of this name", "not running any more", "No model of this name is installed"))
    assert not Download.objects.exists()


def test_an_unknown_act_is_not_found(client: Client) -> None:
    assert client.post("/admin/models/", {"act": "format", "model": "x"}).status_code == 404


def test_offline_offers_no_button(client: Client, hub: LocalHub, settings: Any) -> None:
    settings.HF_HUB_OFFLINE = True
    page = shown(client)
    assert "Nothing is fetched here" in page
    assert 'value="get"' not in page
    assert "Nothing is fetched here" in act(client, "get", "small")


def test_a_file_is_read_again_in_the_background(client: Client, tiny: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    services.add_model(path=path, name="m")
    assert "Read whole on" in shown(client)
    assert "being read again" in act(client, "verify", "m")
    page = shown(client)
    assert "Reading the file again" in page
    assert "data-moving" in page
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    keeping.verify_asked()
    page = shown(client)
    assert "The bytes of the file are not those that were checked" in page
    assert 'aria-label="Use m"' not in page
    assert "data-moving" not in page


def test_an_embedder_finds_passages_until_it_is_left(client: Client) -> None:
    install("finder")
    InstalledModel.objects.update(role="embed")
    page = shown(client)
    assert "Finds passages" in page
    assert 'aria-label="Use finder"' in page
    assert "finder helps to find passages" in act(client, "use", "finder")
    assert 'aria-label="Do without finder"' in shown(client)
    assert "Passages are found without finder." in act(client, "leave", "finder")
    assert not InstalledModel.objects.filter(is_active=True).exists()


def test_a_model_is_removed_after_a_question(client: Client, root: User) -> None:
    install("old")
    page = shown(client)
    assert "Remove old?" in page
    assert "stays where it is" in page
    assert "old was removed." in act(client, "remove", "old")
    assert not InstalledModel.objects.exists()
    assert Path(__file__).with_name("test_choose_model.py").exists()
    assert Event.objects.get(action="model.removed").actor == root


def test_the_one_that_answers_is_not_removed(client: Client) -> None:
    install("busy")
    services.use_model("busy")
    assert "Remove busy?" not in shown(client)
    assert "This model answers now." in act(client, "remove", "busy")
    assert InstalledModel.objects.exists()


def test_a_file_that_lies_elsewhere_is_never_deleted(client: Client, hub: LocalHub, tmp_path: Path, tiny: Path) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    services.add_model(path=path, name="m")
    InstalledModel.objects.update(catalogue_key="small")
    act(client, "remove", "m")
    assert path.exists()


def test_the_way_back_is_one_click(client: Client) -> None:
    for name in "ab":
        install(name)
    services.use_model("a")
    assert "Back to" not in shown(client)
    services.use_model("b")
    assert "Back to a" in shown(client)
    assert "a answers again." in act(client, "back", "")
    assert "Back to b" in shown(client)
    active = services.active_model()
    assert active is not None
    assert active.name == "a"


def test_the_page_asks_few_questions(client: Client, hub: LocalHub, django_assert_max_num_queries: Any) -> None:
    for name in "abcdef":
        install(name)
    downloads.ask_for(name="small")
    client.get("/admin/models/states/")
    with django_assert_max_num_queries(6):
        client.get("/admin/models/states/")


@pytest.mark.parametrize("what", ["get", "stop", "discard", "verify", "remove", "back", "use", "format"])
def test_nobody_else_does_any_of_it(alice: User, hub: LocalHub, what: str) -> None:
    install("old")
    assert signed_in(alice).post("/admin/models/", {"act": what, "model": "small"}).status_code == 404
    assert signed_in(alice).get("/admin/models/states/").status_code == 404
    assert not Download.objects.exists()
    assert InstalledModel.objects.get().verify_asked_at is None
