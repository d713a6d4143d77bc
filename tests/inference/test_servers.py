"""Administrators connect servers: by the page and by the command."""

from __future__ import annotations

import io
import logging
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core.errors import ProductError
from apps.inference import servers, services
from apps.inference.choice import choose
from apps.inference.models import EngineServer, RemoteModel
from apps.workspaces.models import Workspace
from tests.conftest import signed_in

from .openai_server import Handler, Server, llama_server, serving
from .test_choose_model import install

pytestmark = pytest.mark.django_db
PAGE = {"accept": "text/html"}


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that serves one model."""
    with serving() as one:
        yield one


def act(client: Client, **fields: str) -> str:
    """What the page says after this."""
    answer = client.post("/admin/models/servers/", fields, headers=PAGE, follow=True)
    assert answer.redirect_chain[0][1] == 302
    return " ".join(answer.content.decode().split())


def in_use() -> tuple[str, str]:
    """The name of the model that answers, and where its words are made."""
    chosen = choose(None)
    assert chosen
    return chosen.name, chosen.place


def list_many(handler: Handler) -> None:
    handler.say(200, {"data": [{"id": "gemma"}, {"id": "llama"}]})


def test_a_server_is_tried_and_connected(client: Client, server: Server, root: User) -> None:
    page = act(client, action="connect", url=f"{server.url}/v1", name="The big one", key="sesame")
    assert f"gemma at {server.url} has answered; it is connected as The big one." in page
    assert server.paths == ["/v1/models", "/v1/chat/completions"]
    assert server.bodies[0]["max_tokens"] == 1
    one = EngineServer.objects.get()
    assert (one.url, one.model, one.has_key, one.is_public, one.added_by) == (server.url, "gemma", True, False, root)
    assert Event.objects.get(action="server.connected").actor == root


def test_the_key_is_a_secret(client: Client, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        page = act(client, action="connect", url=server.url, key="open-sesame")
        servers.try_server(EngineServer.objects.get().pk, tried_by=User.objects.get(is_superuser=True))
    one = EngineServer.objects.get()
    assert one.key_file.read_text() == "open-sesame"
    assert stat.S_IMODE(one.key_file.stat().st_mode) == 0o600
    assert one.key_file.parent == settings.HOME.secrets
    assert "sesame" not in page + caplog.text + str(list(EngineServer.objects.values())) + str(list(Event.objects.values()))
    assert [headers["Authorization"] for headers in server.headers_seen] == ["Bearer open-sesame"] * 3


def test_a_failed_try_keeps_what_was_typed_but_the_key(client: Client) -> None:
    page = act(client, action="connect", url="http://127.0.0.1:9/", model="gemma", name="Mine", key="sesame")
    assert "cannot be reached" in page
    assert 'value="http://127.0.0.1:9/"' in page
    assert 'value="gemma"' in page
    assert "sesame" not in page
    assert not RemoteModel.objects.exists()


def test_of_many_models_one_is_meant(client: Client) -> None:
    with serving(on_list=list_many) as server:
        assert "Say which of its models is meant: gemma, llama." in act(client, action="connect", url=server.url)
        assert "Say which of its models is meant" in act(client, action="connect", url=server.url, model="mistral")
        act(client, action="connect", url=server.url, model="llama")
    assert RemoteModel.objects.get().name == "llama"


def test_a_server_without_a_model_is_told(client: Client) -> None:
    with serving(on_list=lambda handler: handler.say(200, {"data": []})) as server:
        assert "The server serves no model yet." in act(client, action="connect", url=server.url)


def test_a_page_is_no_server(client: Client) -> None:
    with serving(on_list=lambda handler: handler.say(200, b"<html>")) as server:
        assert "is no JSON" in act(client, action="connect", url=server.url)
    with serving(on_list=lambda handler: handler.say(200, [1])) as server:
        assert "is not what an OpenAI-compatible server sends" in act(client, action="connect", url=server.url)


def test_a_server_that_says_nothing_is_not_connected(client: Client) -> None:
    def silent(handler: Handler) -> None:
        handler.begin()
        handler.event("[DONE]")

    with serving(silent) as server:
        assert "answered without a word" in act(client, action="connect", url=server.url)
    assert not EngineServer.objects.exists()


@pytest.mark.parametrize("key", ["two words", "ümlaut", "a\r\nb", "x" * 501])
def test_a_strange_key_is_refused(server: Server, key: str) -> None:
    with pytest.raises(ProductError, match="copy it again"):
        servers.connect_server(url=server.url, key=key)
    assert server.paths == []


def test_a_server_outside_needs_the_setting_and_is_shown(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "GEMMAWEB_PUBLIC_ENGINES=1" in act(client, action="connect", url="http://8.8.8.8:8000")
    remote = RemoteModel.objects.create(name="far")
    remote.servers.create(url="http://8.8.8.8:8000", model="gemma", is_public=True)
    assert "Outside your own network" in client.get("/admin/models/", headers=PAGE).content.decode()
    assert "GEMMAWEB_PUBLIC_ENGINES=1" in act(client, action="try", server=str(EngineServer.objects.get().pk))


def test_it_answers_from_the_next_question_on(client: Client, server: Server) -> None:
    install("tiny")
    services.use_model("tiny")
    act(client, action="connect", url=server.url)
    page = act(client, action="use", model="gemma")
    assert "From the next question on, gemma answers." in page
    assert page.count("Answers now") == 1
    assert services.active_model() is None
    assert in_use() == ("gemma", "network")


def test_a_file_takes_its_place_again(server: Server) -> None:
    install("tiny")
    servers.connect_server(url=server.url)
    servers.use_remote("gemma")
    services.use_model("tiny")
    assert (servers.active_remote(), in_use()) == (None, ("tiny", "machine"))


def test_the_documents_own_words_take_its_place(server: Server) -> None:
    servers.connect_server(url=server.url)
    servers.use_remote("gemma")
    services.use_no_model()
    assert choose(None) is None
    assert Event.objects.filter(action="model.used").count() == 2


def test_a_name_stands_for_one_model(server: Server, tiny: Path) -> None:
    servers.connect_server(url=server.url, name="mine")
    with pytest.raises(services.NameTaken):
        services.add_model(path=tiny, name="mine")
    install("tiny")
    with pytest.raises(services.NameTaken):
        servers.connect_server(url=server.url, name="tiny")
    with pytest.raises(ProductError, match="cannot be named"):
        servers.connect_server(url=server.url, name="quote")


def test_servers_of_one_name_share_the_work(server: Server) -> None:
    with serving() as second:
        for one in (server, second, second):
            servers.connect_server(url=one.url, name="shared")
    remote = RemoteModel.objects.get()
    assert [one.url for one in remote.servers.all()] == [server.url, second.url]
    assert servers.remote_engine(remote).name == "shared"


def test_a_removed_server_leaves_nothing(
    client: Client, server: Server, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    act(client, action="connect", url=server.url, key="sesame")
    one = EngineServer.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert "is not asked any more" in act(client, action="remove", server=str(one.pk))
    assert not one.key_file.exists()
    assert not RemoteModel.objects.exists()
    assert Event.objects.filter(action="server.removed").exists()


def test_it_is_tried_again_by_a_click(client: Client, server: Server) -> None:
    act(client, action="connect", url=server.url)
    pk = str(EngineServer.objects.get().pk)
    assert f"{server.url} has just answered." in act(client, action="try", server=pk)
    server.on_chat = lambda handler: handler.say(401, {})
    assert "refuses the key" in act(client, action="try", server=pk)


def test_a_key_that_is_gone_is_told(client: Client, server: Server) -> None:
    act(client, action="connect", url=server.url, key="sesame")
    one = EngineServer.objects.get()
    one.key_file.unlink()
    assert "Its key cannot be read any more" in act(client, action="try", server=str(one.pk))
    assert servers.remote_engine(one.remote).name == "gemma"


@pytest.mark.parametrize("fields", [{}, {"action": "nonsense"}])
def test_another_act_is_none(client: Client, fields: dict[str, str]) -> None:
    assert client.post("/admin/models/servers/", fields, headers=PAGE).status_code == 404


@pytest.mark.parametrize("fields", [{"action": "try", "server": "x"}, {"action": "remove", "server": ""}, {"action": "use", "model": "no"}])
def test_a_server_that_is_not_there_gets_a_sentence(client: Client, fields: dict[str, str]) -> None:
    assert 'class="notice' in act(client, **fields) or "not here" in act(client, **fields)


def test_nobody_else_finds_them(alice: User, workspace: Workspace, server: Server) -> None:
    servers.connect_server(url=server.url)
    assert signed_in(alice).post("/admin/models/servers/", {"action": "use", "model": "gemma"}).status_code == 404
    assert not EngineServer.objects.visible_to(alice).exists()
    assert not RemoteModel.objects.visible_to(alice).exists()
    with pytest.raises(ProductError):
        servers.remove_server(EngineServer.objects.get().pk, removed_by=alice)


def test_the_command_connects_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("sesame\n"))
    out = StringIO()
    call_command("models", "connect", server.url, "--model", "gemma", "--name", "n", "--key-stdin", stdout=out)
    call_command("models", "use", "n", stdout=out)
    call_command("models", "list", stdout=out)
    assert "Connected n." in out.getvalue()
    assert f"* n  gemma  {server.url}" in out.getvalue()
    assert EngineServer.objects.get().key_file.read_text() == "sesame"
    with pytest.raises(CommandError, match="Give the server's address"):
        call_command("models", "connect", "ftp://nonsense")


def test_llama_cpp_s_own_server_is_connected(tiny: Path) -> None:
    with llama_server(tiny) as (url, key):
        one = servers.connect_server(url=url, key=key, name="own")
        with pytest.raises(servers.ServerRefused, match="refuses the key"):
            servers.connect_server(url=url, key="wrong")
    assert one.remote.name == "own"


def test_asking_what_answers_costs_one_query(server: Server, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    servers.connect_server(url=server.url)
    servers.use_remote("gemma")
    with django_assert_num_queries(1):
        assert in_use() == ("gemma", "network")
    EngineServer.objects.update(is_public=True)
    assert in_use() == ("gemma", "internet")
