"""After the first run: what fits this machine, one click each, or on without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.inference import fitting, views
from apps.inference.catalogue import Role, catalogue
from apps.inference.fit import Room
from apps.inference.fitting import fit_of_offer
from apps.inference.models import Download, InstalledModel
from apps.inference.offering import Offer, advised
from apps.inference.telling import ThisMachine
from tests.conftest import make_person, signed_in

from .machines import GIB
from .test_choose_model import install

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/models/first/"


@pytest.fixture(autouse=True)
def _machine(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 24 GiB and nothing else on it; what is fetched would lie in a folder of the test's."""
    settings.MODELS = tmp_path / "models"
    monkeypatch.setattr(views, "this_machine", lambda: machine(24))


def machine(memory_gib: float) -> ThisMachine:
    """This machine with so much memory, a sixteenth of it taken."""
    room = Room(int(memory_gib * GIB), int(memory_gib * GIB / 16))
    return ThisMachine(fitting.this_machine().machine, room)


def names(memory_gib: float) -> list[str]:
    """What is advised on a machine with so much memory."""
    offered = [Offer(entry, None) for entry in catalogue().values() if entry.role in (Role.CHAT, Role.EMBED)]
    return [offer.entry.key for offer in advised(offered, machine(memory_gib))]


@pytest.mark.parametrize("memory_gib", [8, 16, 24, 32, 96])
def test_the_largest_that_fits_well_comes_first_and_an_embedder_last(memory_gib: float) -> None:
    fits = {entry.key: fit_of_offer(entry, machine(memory_gib)) for entry in catalogue().values() if entry.role == Role.CHAT}
    by_size = sorted(fits, key=lambda key: catalogue()[key].size_bytes)
    well, tightly = ([key for key in by_size if (fit := fits[key]) and fit.verdict == verdict] for verdict in ("well", "tightly"))
    *chat, last = names(memory_gib)
    assert catalogue()[last].role == Role.EMBED
    assert chat[: len(well[-1:])] == well[-1:]
    assert set(chat) - set(well) <= set(tightly[-1:])
    assert chat == sorted(chat, key=by_size.index)


def test_more_memory_is_offered_more() -> None:
    largest = [max(catalogue()[key].size_bytes for key in names(size)) for size in (8, 16, 32, 96)]
    assert largest == sorted(largest)
    assert largest[0] < largest[-1]


def test_what_does_not_fit_is_not_advised() -> None:
    assert [catalogue()[key].role for key in names(1)] == [Role.EMBED]


def test_the_page_says_what_the_machine_has_and_what_fits(client: Client) -> None:
    page = client.get(ADDRESS)
    text = page.content.decode()
    assert [offer.entry.key for offer in page.context["offers"]] == names(24)
    assert "This machine has 24.0" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert 'href="/"' in text


def test_one_click_fetches_it_and_comes_back(client: Client, settings: Any) -> None:
    settings.HF_HUB_OFFLINE = False
    wanted = names(24)[-1]
    answer = client.post(ADDRESS, {"act": "get", "model": wanted})
    assert answer.headers["Location"] == ADDRESS
    assert Download.objects.get().key == wanted
    assert "Waiting for its turn" in client.get(ADDRESS).content.decode()
    client.post(ADDRESS, {"act": "stop", "model": wanted})
    assert Download.objects.get().status == Download.Status.STOPPED


def test_what_is_refused_is_said_there(client: Client) -> None:
    answer = client.post(ADDRESS, {"act": "get", "model": "no such model"}, follow=True)
    assert answer.redirect_chain == [(ADDRESS, 302)]
    assert 'class="toast error"' in answer.content.decode()


def test_what_moves_there_moves_as_on_the_page_of_models(client: Client, settings: Any) -> None:
    settings.HF_HUB_OFFLINE = False
    wanted = names(24)[-1]
    client.post(ADDRESS, {"act": "get", "model": wanted})
    page = client.get(ADDRESS).content.decode()
    assert 'id="models-page"' in page
    assert 'data-states="/admin/models/states/"' in page
    assert f'id="model-{wanted}"' in page
    assert f'id="state-{wanted}"' in page
    assert "/js/page.js" in page
    assert "/js/models.js" in page
    assert f'id="state-{wanted}"' in client.get("/admin/models/states/").content.decode()


def test_a_model_that_is_here_is_used_there(client: Client) -> None:
    assert "Here already" not in client.get(ADDRESS).content.decode()
    model = install("first")
    page = client.get(ADDRESS).content.decode()
    assert "Here already" in page
    assert 'aria-label="Use first"' in page
    answer = client.post(ADDRESS, {"model": "first"}, follow=True)
    assert answer.redirect_chain == [(ADDRESS, 302)]
    assert InstalledModel.objects.get(is_active=True) == model
    assert "Answers now" in answer.content.decode()
    assert 'aria-label="Use first"' not in answer.content.decode()


def test_a_model_whose_file_is_gone_cannot_be_used_there(client: Client) -> None:
    install("first")
    InstalledModel.objects.update(path="/nowhere/first.gguf")
    page = client.get(ADDRESS).content.decode()
    assert 'aria-label="Use first"' not in page
    assert 'class="notice bad"' in page


def test_the_page_of_models_leads_back_there(client: Client) -> None:
    assert f'href="{ADDRESS}"' in client.get("/admin/models/").content.decode()


@pytest.mark.parametrize("act", ["remove", "verify", "back", "leave", "", "nonsense"])
def test_nothing_else_is_done_there(client: Client, act: str) -> None:
    assert client.post(ADDRESS, {"act": act, "model": "quote"}).status_code == 404


def test_where_nothing_is_fetched_it_says_so(client: Client, settings: Any) -> None:
    settings.HF_HUB_OFFLINE = True
    text = client.get(ADDRESS).content.decode()
    assert "This installation fetches nothing" in text
    assert 'value="get"' not in text


def test_strangers_do_not_see_it(client: Client) -> None:
    assert signed_in(make_person("Mallory")).get(ADDRESS).status_code == 404
