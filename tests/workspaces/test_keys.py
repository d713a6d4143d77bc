"""Keys for programs, as their person sees them."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import NotFound
from apps.workspaces.examples import examples
from apps.workspaces.keys import NOTE_USE_EVERY, create_key, find_key, revoke_key
from apps.workspaces.models import ApiKey, Membership, Workspace
from tests.conftest import make_workspace, signed_in


def make(user: User, workspace: Workspace) -> str:
    """The text of a new key."""
    return create_key(user=user, workspace=workspace, name="robot")[1]


WANTED = {"action": "create", "name": "robot", "workspace": "harbour"}


def test_the_page_makes_a_key_and_shows_it_once(alice: User, workspace: Workspace) -> None:
    client = signed_in(alice)
    answer = client.post("/me/keys/", WANTED)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/me/keys/")
    text = client.get("/me/keys/").context["new_key"]
    found = find_key(text)
    assert found is not None
    assert (found.user, found.workspace, found.name) == (alice, workspace, "robot")
    assert text not in str(ApiKey.objects.values())


def test_a_reload_shows_the_key_no_more_and_makes_no_second(alice: User, workspace: Workspace) -> None:
    client = signed_in(alice)
    shown = client.post("/me/keys/", WANTED, follow=True)
    assert "no-store" in shown.headers["Cache-Control"]
    assert shown.context["new_key"] not in client.get("/me/keys/").content.decode()
    assert ApiKey.objects.count() == 1
    assert "new_key" not in client.session


def test_another_browser_of_the_person_is_not_shown_the_key(alice: User, workspace: Workspace) -> None:
    signed_in(alice).post("/me/keys/", WANTED)
    assert signed_in(alice).get("/me/keys/").context["new_key"] == ""


def test_a_new_key_stands_once_in_lines_that_can_be_pasted(alice: User, workspace: Workspace) -> None:
    client = signed_in(alice)
    shown = client.post("/me/keys/", WANTED, follow=True)
    key = shown.context["new_key"]
    lines = [example.line for example in shown.context["examples"]]
    assert all(f'"Authorization: Bearer {key}"' in line for line in lines)
    addresses = ["http://testserver/api/workspaces/harbour/"] * 3 + ["http://testserver/v1/chat/completions"]
    assert all(address in line for address, line in zip(addresses, lines, strict=True))
    later = client.get("/me/keys/")
    assert all("Bearer $GEMMAWEB_KEY" in example.line for example in later.context["examples"])
    assert key not in later.content.decode()


def test_whoever_has_no_key_is_shown_no_line(alice: User, workspace: Workspace) -> None:
    assert signed_in(alice).get("/me/keys/").context["examples"] == []


def test_the_lines_are_for_the_newest_key_at_the_address_that_was_asked(alice: User, workspace: Workspace, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    make(alice, workspace)
    make(alice, make_workspace("quay", owner=alice))
    page = signed_in(alice).get("/me/keys/", headers={"Host": "chat.example.org:8443"})
    assert "http://chat.example.org:8443/api/workspaces/quay/ask" in page.context["examples"][2].line


def test_what_translators_write_means_nothing_to_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.workspaces.examples._", lambda text: 'it\'s $(id) `id` "x" \\')
    for example in examples(address="http://localhost", slug="harbour", key="gemma_x")[1:]:
        assert any("it's $(id) `id`" in word for word in shlex.split(example.line))


def test_keys_share_nothing_but_their_beginning(alice: User, workspace: Workspace) -> None:
    texts = {make(alice, workspace) for _ in range(50)}
    assert len({text.removeprefix("gemma_")[:6] for text in texts}) == 50
    assert {len(text) for text in texts} == {49}


def test_a_revoked_key_is_dead(alice: User, workspace: Workspace) -> None:
    text = make(alice, workspace)
    signed_in(alice).post("/me/keys/", {"action": "revoke", "key": ApiKey.objects.get().pk})
    assert find_key(text) is None


def test_nobody_revokes_anothers_key(alice: User, bob: User, workspace: Workspace) -> None:
    text = make(alice, workspace)
    answer = signed_in(bob).post("/me/keys/", {"action": "revoke", "key": ApiKey.objects.get().pk})
    assert answer.status_code == 404
    assert find_key(text) is not None


def test_nobody_sees_anothers_keys(alice: User, bob: User, workspace: Workspace) -> None:
    make(alice, workspace)
    assert list(signed_in(bob).get("/me/keys/").context["keys"]) == []
    assert Client().get("/me/keys/").status_code == 302


@pytest.mark.parametrize("slug", ["harbour", "nothing", "", "\0"])
def test_a_key_opens_only_a_workspace_of_its_person(charlie: User, workspace: Workspace, slug: str) -> None:
    answer = signed_in(charlie).post("/me/keys/", {"action": "create", "name": "robot", "workspace": slug})
    assert "workspace" in answer.context["form"].errors
    assert not ApiKey.objects.exists()


def test_it_dies_with_the_membership(bob: User, workspace: Workspace) -> None:
    text = make(bob, workspace)
    Membership.objects.filter(user=bob).delete()
    assert find_key(text) is None


def test_it_dies_with_the_membership_though_its_person_is_elsewhere_too(charlie: User, workspace: Workspace) -> None:
    workspace.memberships.create(user=charlie)
    text, elsewhere = make(charlie, workspace), make(charlie, Workspace.objects.get(slug="elsewhere"))
    workspace.memberships.filter(user=charlie).delete()
    assert find_key(text) is None
    assert find_key(elsewhere) is not None


def test_nobody_makes_a_key_to_where_they_are_not(charlie: User, workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        make(charlie, workspace)
    assert not ApiKey.objects.exists()


def test_the_list_shows_how_each_key_ends(alice: User, workspace: Workspace) -> None:
    texts = [make(alice, workspace) for _ in range(2)]
    page = signed_in(alice).get("/me/keys/").content.decode()
    assert all(text[-4:] in page and text not in page for text in texts)


def test_of_two_keys_one_is_revoked_and_one_works(alice: User, workspace: Workspace) -> None:
    first, second = make(alice, workspace), make(alice, workspace)
    found = find_key(first)
    assert found is not None
    revoke_key(user=alice, key=found.pk)
    assert find_key(first) is None
    assert find_key(second) is not None
    assert [key.last_four for key in signed_in(alice).get("/me/keys/").context["keys"]] == [second[-4:]]


def test_only_the_key_that_was_used_is_noted(alice: User, workspace: Workspace) -> None:
    used, unused = make(alice, workspace), make(alice, workspace)
    find_key(used)
    assert {key.last_four: key.last_used_at is not None for key in ApiKey.objects.all()} == {used[-4:]: True, unused[-4:]: False}


def test_its_use_is_noted_again_after_a_minute(alice: User, workspace: Workspace) -> None:
    text, long_ago = make(alice, workspace), timezone.now() - NOTE_USE_EVERY - timedelta(seconds=1)
    ApiKey.objects.update(last_used_at=long_ago)
    find_key(text)
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    assert noted > long_ago


def test_it_dies_with_its_person(bob: User, workspace: Workspace) -> None:
    text = make(bob, workspace)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert find_key(text) is None


def test_its_use_is_noted_at_most_once_a_minute(alice: User, workspace: Workspace) -> None:
    text = make(alice, workspace)
    find_key(text)
    first = ApiKey.objects.get().last_used_at
    find_key(text)
    assert first is not None
    assert ApiKey.objects.get().last_used_at == first


def test_ending_it_twice_is_told(alice: User, workspace: Workspace) -> None:
    make(alice, workspace)
    key = ApiKey.objects.get().pk
    revoke_key(user=alice, key=key)
    assert signed_in(alice).post("/me/keys/", {"action": "revoke", "key": key}).status_code == 404
