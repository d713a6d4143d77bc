"""The administrator's page of models."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import Event
from apps.inference import services
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace
from tests.conftest import signed_in

from .test_choose_model import install

PAGE = {"accept": "text/html"}


def shown(client: Client) -> str:
    """The page, its spaces made one."""
    return " ".join(client.get("/admin/models/", headers=PAGE).content.decode().split())


def use(client: Client, name: str) -> str:
    """What the page says after the choice."""
    answer = client.post("/admin/models/", {"model": name}, headers=PAGE, follow=True)
    assert answer.redirect_chain == [("/admin/models/", 302)]
    return " ".join(answer.content.decode().split())


def test_an_empty_conversation_leads_administrators_here(alice: User, bob: User, workspace: Workspace) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    link = '<a href="/admin/models/">Get a model that fits this machine</a>'
    assert [link in signed_in(person).get("/w/harbour/").content.decode() for person in (alice, bob)] == [True, False]


def test_without_a_model_it_says_how_to_add_one(client: Client) -> None:
    page = shown(client)
    assert "No model is installed yet" in page
    assert 'value=".venv/bin/python manage.py models add FILE"' in page
    assert "The documents' own words answer." in page
    assert page.count("Answers now") == 1


def test_a_model_is_shown_with_what_is_known_of_it(client: Client, tiny: Path) -> None:
    model = services.add_model(path=tiny, name="tiny")
    page = shown(client)
    for fact in (
        "tiny",
        "gemma4",
        "F16",
        "8192 tokens",
        str(tiny),
        f"<code>{model.sha256[:12]}…</code>",
        f'data-copy-text="{model.sha256}"',
    ):
        assert fact in page
    assert "Add another model" in page


def test_it_is_used_from_the_next_question_on(client: Client, root: User) -> None:
    model = install("tiny")
    page = use(client, "tiny")
    assert "From the next question on, tiny answers." in page
    assert page.count("Answers now") == 1
    assert services.active_model() == model
    assert Event.objects.get(action="model.used").actor == root


def test_the_one_that_answers_comes_first(client: Client) -> None:
    for name in "abc":
        install(name)
    services.use_model("c")
    assert [model.name for model in client.get("/admin/models/").context["models"]] == ["c", "a", "b"]


def test_the_documents_own_words_can_be_chosen_again(client: Client, root: User) -> None:
    install("tiny")
    use(client, "tiny")
    assert "the documents&#x27; own words answer" in use(client, "quote")
    assert services.active_model() is None
    assert [event.actor for event in Event.objects.filter(action="model.used")] == [root, root]


@pytest.mark.parametrize("name", ["", "nobody", "a\0b", "<script>", "x" * 5000])
def test_another_name_gets_a_sentence(client: Client, name: str) -> None:
    install("tiny")
    assert "No model of this name is installed." in use(client, name)
    assert services.active_model() is None


def test_a_model_whose_file_is_gone_says_so(client: Client, tmp_path: Path, tiny: Path) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    services.add_model(path=path, name="m")
    path.unlink()
    assert "The file is not there any more" in shown(client)
    assert 'aria-label="Use m"' not in shown(client)
    assert "The file is not there any more" in use(client, "m")
    assert services.active_model() is None


@pytest.mark.parametrize(("change", "sentence"), [("size", "The file is another one"), ("time", "The file was written to")])
def test_a_changed_file_is_not_read_while_a_page_waits(client: Client, tmp_path: Path, tiny: Path, change: str, sentence: str) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    services.add_model(path=path, name="m")
    if change == "size":
        path.write_bytes(b"GGUF")
    else:
        os.utime(path, ns=(1, 1))
    assert sentence in shown(client)
    assert sentence in use(client, "m")
    assert services.active_model() is None


def test_the_command_still_reads_a_file_that_was_touched(tmp_path: Path, tiny: Path, client: Client) -> None:
    path = Path(shutil.copy(tiny, tmp_path / "m.gguf"))
    services.add_model(path=path, name="m")
    os.utime(path, ns=(1, 1))
    assert services.use_model("m").is_active
    assert "m is chosen, but something is wrong with its file" in shown(client)


def test_a_name_is_escaped(client: Client) -> None:
    install("<script>alert(1)</script>")
    assert "<script>alert" not in shown(client)


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_finds_the_page(alice: User, workspace: Workspace, method: str) -> None:
    install("tiny")
    assert getattr(signed_in(alice), method)("/admin/models/", {"model": "tiny"}).status_code == 404
    assert services.active_model() is None
    assert not InstalledModel.objects.visible_to(alice).exists()


def test_a_stranger_is_sent_to_the_door(installation: object) -> None:
    assert Client().get("/admin/models/").headers["Location"].startswith("/accounts/login/")


def test_only_administrators_are_led_there(client: Client, alice: User) -> None:
    assert "Administration" in client.get("/me/", headers=PAGE).content.decode()
    assert "Administration" not in signed_in(alice).get("/me/", headers=PAGE).content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_at_once_one_counts(root: User) -> None:
    for name in "ab":
        install(name)
    start = threading.Barrier(2)

    def choose(name: str) -> None:
        start.wait()
        try:
            services.use_checked_model(name, used_by=root)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=choose, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert InstalledModel.objects.filter(is_active=True).count() == 1
    assert Event.objects.filter(action="model.used", actor=root).count() == 2
