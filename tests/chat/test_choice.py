"""Who answers, where a workspace has chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from apps.accounts.models import User
from apps.chat import engines, services, waiting
from apps.chat.models import Conversation, Generation
from apps.core import loop
from apps.inference import servers
from apps.inference import services as inference
from apps.inference.models import InstalledModel, RemoteModel
from apps.workspaces.models import Workspace
from tests.chat.conftest import Ask, Watcher, Worker
from tests.conftest import signed_in
from tests.gguf_writer import write_gemma4
from tests.inference.openai_server import Server, serving

pytestmark = pytest.mark.django_db(transaction=True)
Watch = Callable[[str], Watcher]


@pytest.fixture
def server() -> Iterator[Server]:
    """Connected as `usual`, which the installation uses, and as `other`."""
    with serving() as one:
        for name in ("usual", "other"):
            servers.connect_server(url=one.url, name=name)
        servers.use_remote("usual")
        yield one


@pytest.fixture
def answered_by(ask: Ask, worker: Worker, watch: Watch, conversation: Conversation) -> Callable[[], tuple[str, list[str]]]:
    """Ask; returns who has answered, and the notes."""

    def answer() -> tuple[str, list[str]]:
        watcher = watch(f"conversation:{conversation.pk}")
        ask("What colour is the sky?", conversation=conversation, max_tokens=16)
        worker.wake()
        ended = watcher.until("ended")
        return ended["engine"], ended["notes"]

    return answer


def choose(pk: object) -> None:
    """The workspace's choice."""
    Workspace.objects.update(chosen_model=pk)


@pytest.mark.usefixtures("server")
def test_the_workspace_s_choice_answers(answered_by: Callable[[], tuple[str, list[str]]]) -> None:
    assert answered_by() == ("usual", [])
    choose(RemoteModel.objects.get(name="other").pk)
    assert answered_by() == ("other", [])


@pytest.mark.usefixtures("server")
def test_one_that_has_gone_is_replaced_and_noted(answered_by: Callable[[], tuple[str, list[str]]]) -> None:
    choose(uuid4())
    assert answered_by() == ("usual", ["model_gone"])


def test_without_any_model_the_documents_answer(answered_by: Callable[[], tuple[str, list[str]]]) -> None:
    choose(uuid4())
    assert answered_by() == ("quote", ["model_gone"])


def test_a_file_and_a_server_answer_side_by_side(
    server: Server, answered_by: Callable[[], tuple[str, list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = inference.add_model(path=write_gemma4(tmp_path_factory.mktemp("model") / "tiny.gguf"), name="tiny")
    choose(model.pk)
    try:
        assert answered_by() == ("tiny", [])
        choose(None)
        assert answered_by() == ("usual", [])
        assert inference.keeper().status().state == "none"  # nobody wants it any more
    finally:
        loop.run(inference.keeper().close())


@pytest.mark.usefixtures("server")
def test_the_page_shows_the_workspace_s_choice(workspace: Workspace) -> None:
    workspace.chosen_model = RemoteModel.objects.get(name="other").pk
    choice = engines.engine_of(workspace)
    assert choice
    assert choice.name == "other"
    workspace.answering = "verbatim"
    assert engines.engine_of(workspace) is None


@pytest.mark.usefixtures("server")
def test_the_conversation_s_choice_comes_first(conversation: Conversation, answered_by: Callable[[], tuple[str, list[str]]]) -> None:
    services.choose_model(conversation=conversation, chosen=RemoteModel.objects.get(name="other").pk)
    assert answered_by() == ("other", [])
    Conversation.objects.update(chosen_model=uuid4())
    choose(RemoteModel.objects.get(name="other").pk)
    assert answered_by() == ("other", ["model_gone"])


@pytest.mark.usefixtures("server")
def test_a_model_that_is_not_there_cannot_be_chosen(conversation: Conversation) -> None:
    with pytest.raises(services.NoSuchChoice):
        services.choose_model(conversation=conversation, chosen=uuid4())
    assert services.choose_model(conversation=conversation, chosen=None).chosen_model is None


@pytest.mark.usefixtures("server")
def test_it_is_chosen_in_the_composer(alice: User, conversation: Conversation) -> None:
    browser, other = signed_in(alice), RemoteModel.objects.get(name="other")
    address = f"/c/{conversation.pk}/"
    assert "As usual here: usual" in browser.get(address).content.decode()
    answer = browser.post(address, {"model": str(other.pk)}, follow=True)
    conversation.refresh_from_db()
    assert (answer.redirect_chain, conversation.chosen_model) == ([(address, 302)], other.pk)
    assert answer.context["engine"].name == "other"
    browser.post(address, {"model": ""})
    conversation.refresh_from_db()
    assert conversation.chosen_model is None


@pytest.mark.usefixtures("server")
def test_a_choice_begins_a_conversation(alice: User, workspace: Workspace) -> None:
    other = RemoteModel.objects.get(name="other")
    answer = signed_in(alice).post(f"/w/{workspace.slug}/", {"model": str(other.pk)})
    made = Conversation.objects.get()
    assert (answer["Location"], made.author, made.chosen_model) == (f"/c/{made.pk}/", alice, other.pk)


@pytest.mark.usefixtures("server")
def test_what_has_gone_meanwhile_is_told(alice: User, conversation: Conversation) -> None:
    answer = signed_in(alice).post(f"/c/{conversation.pk}/", {"model": str(uuid4())}, follow=True)
    assert "This model is not there any more." in answer.content.decode()
    assert signed_in(alice).post(f"/c/{conversation.pk}/", {"model": "nonsense"}).status_code == 422


@pytest.mark.usefixtures("server")
def test_nobody_else_chooses(bob: User, charlie: User, conversation: Conversation, workspace: Workspace) -> None:
    for person in (bob, charlie):
        assert signed_in(person).post(f"/c/{conversation.pk}/", {"model": ""}).status_code == 404
    assert signed_in(charlie).post(f"/w/{workspace.slug}/", {"model": ""}).status_code == 404
    Workspace.objects.update(answering="verbatim")
    assert "composer-model" not in signed_in(conversation.author).get(f"/c/{conversation.pk}/").content.decode()


def test_one_model_needs_no_menu(alice: User, conversation: Conversation) -> None:
    RemoteModel.objects.create(name="only", is_active=True)
    assert "composer-model" not in signed_in(alice).get(f"/c/{conversation.pk}/").content.decode()


@pytest.fixture
def slow() -> InstalledModel:
    """A model that writes one answer at a time, which nobody uses yet."""
    facts = {"sha256": "0" * 64, "size_bytes": 1, "modified_ns": 1, "architecture": "gpt2", "quantisation": "GGML", "context_length": 512}
    return InstalledModel.objects.create(name="slow", engine="ctransformers", path="/nowhere", **facts)


def test_only_those_who_want_the_slow_model_wait_for_it(
    ask: Ask, alice: User, bob: User, workspace: Workspace, slow: InstalledModel
) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    for person in (alice, bob):
        other.memberships.create(user=person)
    Workspace.objects.filter(pk=workspace.pk).update(chosen_model=slow.pk)
    first, second, elsewhere = ask("a"), ask("b", asked_by=bob), ask("c", workspace=other)
    assert waiting.claim_next() == first
    assert waiting.claim_next() == elsewhere
    assert waiting.claim_next() is None
    Generation.objects.filter(pk=first.pk).update(status="done")
    assert waiting.claim_next() == second


def test_a_conversation_s_own_choice_does_not_wait(ask: Ask, bob: User, slow: InstalledModel, conversation: Conversation) -> None:
    Workspace.objects.update(chosen_model=slow.pk)
    far = RemoteModel.objects.create(name="far")
    Conversation.objects.filter(pk=conversation.pk).update(chosen_model=far.pk)
    first, second, third = ask("a"), ask("b", asked_by=bob), ask("c", conversation=conversation)
    assert [waiting.claim_next(), waiting.claim_next(), waiting.claim_next()] == [first, third, None]
    assert waiting.place_of(second) == 1


def test_a_gone_choice_waits_for_the_usual_model(ask: Ask, bob: User, slow: InstalledModel) -> None:
    InstalledModel.objects.filter(pk=slow.pk).update(is_active=True)
    first = ask("a")
    ask("b", asked_by=bob)
    choose(uuid4())
    assert waiting.claim_next() == first
    assert waiting.claim_next() is None
