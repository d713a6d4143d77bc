"""Delete a workspace, and bring it back while there is time."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core import live, queue
from apps.core.errors import NotFound
from apps.workspaces import lifecycle
from apps.workspaces.keys import create_key, find_key
from apps.workspaces.models import UNDO_FOR, Installation, Membership, Role, Workspace
from tests.conftest import make_person, make_workspace, signed_in
from tests.documents.locks import on_its_own_connection, wait_until_blocked

PAGE = "/workspaces/deleted/"


def delete(user: User, name: str = "Harbour", slug: str = "harbour") -> Any:
    """The answer after the person has typed `name` into the dialog."""
    return signed_in(user).post(f"/w/{slug}/delete/", {"name": name})


def is_deleted(slug: str = "harbour") -> bool:
    return Workspace.objects.get(slug=slug).deleted_at is not None


def bring_back(user: User, workspace: Workspace) -> Any:
    """The answer to the button of the page."""
    return signed_in(user).post(PAGE, {"workspace": workspace.pk})


def shown_to(user: User) -> list[str]:
    """The names on the person's page of deleted workspaces."""
    return [row["workspace"].name for row in signed_in(user).get(PAGE).context["rows"]]


@pytest.fixture
def deleted(alice: User, workspace: Workspace) -> Workspace:
    """The team's workspace, deleted by Alice."""
    lifecycle.delete(workspace=workspace, deleted_by=alice, typed_name="Harbour")
    return workspace


@pytest.fixture
def root(installation: Installation) -> User:
    """Runs the installation, and is on no team."""
    user = make_person("Root")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("typed", ["Harbour", "  Harbour ", "Harbour\n"])
def test_its_owner_types_its_name(alice: User, workspace: Workspace, typed: str) -> None:
    assert delete(alice, typed).headers["Location"] == "/"
    assert is_deleted()


@pytest.mark.parametrize("typed", ["harbour", "Harbour 2", "Harbou", "*"])
def test_another_name_deletes_nothing(alice: User, workspace: Workspace, typed: str) -> None:
    page = signed_in(alice).post("/w/harbour/delete/", {"name": typed}, follow=True)
    assert "That is not the name of this workspace" in page.content.decode()
    assert not is_deleted()


@pytest.mark.parametrize("given", [{}, {"name": ""}, {"name": "x" * 300}])
def test_no_name_deletes_nothing(alice: User, workspace: Workspace, given: dict[str, str]) -> None:
    assert signed_in(alice).post("/w/harbour/delete/", given).status_code == 422
    assert not is_deleted()


def test_a_name_is_compared_as_it_is_read(alice: User, workspace: Workspace) -> None:
    Workspace.objects.update(name="Cafe\u0301  am Hafen")
    delete(alice, "Café am Hafen")
    assert is_deleted()


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
def test_nobody_else_deletes_it(workspace: Workspace, role: str) -> None:
    person = make_person("Other")
    Membership.objects.create(workspace=workspace, user=person, role=role)
    assert delete(person).status_code == 403
    assert not is_deleted()


def test_neither_a_stranger_nor_an_administrator_deletes_it(charlie: User, root: User, workspace: Workspace) -> None:
    assert [delete(person).status_code for person in (charlie, root)] == [404, 404]
    assert not is_deleted()


def test_nobody_deletes_the_workspace_of_their_own(alice: User) -> None:
    make_workspace("alice", owner=alice)
    Workspace.objects.update(is_personal=True)
    assert delete(alice, "Alice", "alice").headers["Location"] == "/w/alice/settings/"
    assert not is_deleted("alice")


def test_an_archived_one_can_be_deleted(alice: User, workspace: Workspace) -> None:
    lifecycle.archive(workspace=workspace, archived_by=alice)
    delete(alice)
    assert is_deleted()


def test_one_goes_and_the_other_stays(alice: User, workspace: Workspace) -> None:
    make_workspace("second", owner=alice)
    delete(alice)
    assert not is_deleted("second")


@pytest.mark.django_db(transaction=True)
def test_every_member_is_sent_out_and_work_stops(
    alice: User, bob: User, charlie: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    sent: list[str] = []
    monkeypatch.setattr(live, "_end_sockets", lambda *groups: closed.extend(groups))
    monkeypatch.setattr(queue, "send", lambda name, *_: sent.append(name))
    delete(alice)
    assert sorted(closed) == sorted(live.socket_group(person.pk) for person in (alice, bob))
    assert sent == ["chat.sweep"]


def test_the_toast_brings_it_back_with_one_click(alice: User, workspace: Workspace) -> None:
    browser = signed_in(alice)
    toast = browser.post("/w/harbour/delete/", {"name": "Harbour"}, follow=True).content.decode()
    found = re.search(r'<form method="post" action="(.+?)">.*?name="workspace"\s+value="(.+?)"', toast[toast.index("toasts") :], re.DOTALL)
    assert found is not None
    assert browser.post(found[1], {"workspace": found[2]}).headers["Location"] == "/w/harbour/"
    assert not is_deleted()


def test_the_toast_does_not_name_what_will_be_erased(alice: User, workspace: Workspace) -> None:
    browser = signed_in(alice)
    browser.post("/w/harbour/delete/", {"name": "Harbour"})
    assert "Harbour" not in str(browser.cookies) + str(dict(browser.session.items()))


def test_its_owners_find_it_on_their_page_and_bring_it_back(alice: User, bob: User, deleted: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert shown_to(alice) == shown_to(bob) == ["Harbour"]
    assert bring_back(bob, deleted).headers["Location"] == "/w/harbour/"
    assert signed_in(alice).get("/w/harbour/").status_code == 200


def test_an_administrator_brings_it_back_without_getting_in(root: User, deleted: Workspace) -> None:
    assert shown_to(root) == ["Harbour"]
    bring_back(root, deleted)
    assert not is_deleted()
    assert signed_in(root).get("/w/harbour/").status_code == 404


@pytest.mark.parametrize("role", ["admin", "member", "viewer", None])
def test_nobody_else_sees_it_or_brings_it_back(deleted: Workspace, role: str | None) -> None:
    person = make_person("Other")
    if role:
        Membership.objects.create(workspace=deleted, user=person, role=role)
    assert shown_to(person) == []
    assert bring_back(person, deleted).status_code == 404
    assert is_deleted()


@pytest.mark.parametrize("is_owner", [True, False])
def test_who_was_disabled_brings_nothing_back(alice: User, root: User, deleted: Workspace, is_owner: bool) -> None:
    person = alice if is_owner else root
    User.objects.filter(pk=person.pk).update(is_active=False)
    with pytest.raises(NotFound):
        lifecycle.restore(pk=deleted.pk, restored_by=User.objects.get(pk=person.pk))


@pytest.mark.parametrize("is_late", [True, False])
def test_after_the_time_it_cannot_be_brought_back(alice: User, deleted: Workspace, is_late: bool) -> None:
    margin = timedelta(seconds=-5 if is_late else 5)
    Workspace.objects.update(deleted_at=timezone.now() - UNDO_FOR + margin)
    assert (shown_to(alice) == []) is is_late
    assert bring_back(alice, deleted).status_code == (404 if is_late else 302)
    assert is_deleted() is is_late


def test_what_is_in_use_cannot_be_brought_back(alice: User, workspace: Workspace) -> None:
    assert shown_to(alice) == []
    assert bring_back(alice, workspace).status_code == 404


@pytest.mark.parametrize(("ago_s", "minutes"), [(0, 30), (59, 30), (61, 29), (29 * 60 + 30, 1)])
def test_the_page_says_how_long_there_is(alice: User, deleted: Workspace, ago_s: int, minutes: int) -> None:
    Workspace.objects.update(deleted_at=timezone.now() - timedelta(seconds=ago_s))
    (row,) = signed_in(alice).get(PAGE).context["rows"]
    assert row["minutes"] == minutes


def test_the_switch_leads_there_for_owners_only(alice: User, bob: User, deleted: Workspace) -> None:
    for person in (alice, bob):
        make_workspace(f"of-{person.name.lower()}", owner=person)
    assert [PAGE in signed_in(person).get("/me/").content.decode() for person in (alice, bob)] == [True, False]


def test_what_comes_back_is_as_it_was(alice: User, bob: User, workspace: Workspace, client: Client) -> None:
    _row, key = create_key(user=bob, workspace=workspace, name="robot")
    before = list(Membership.objects.order_by("pk").values())
    delete(alice)
    assert find_key(key) is None
    bring_back(alice, workspace)
    assert list(Membership.objects.order_by("pk").values()) == before
    assert client.get("/api/workspaces/harbour/documents", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_both_are_on_record_without_a_word_of_content(alice: User, workspace: Workspace) -> None:
    delete(alice)
    bring_back(alice, workspace)
    events = Event.objects.filter(workspace=workspace.pk, action__startswith="workspace.").order_by("pk")
    assert [(event.action, event.actor, event.details) for event in events] == [
        ("workspace.deleted", alice, {}),
        ("workspace.restored", alice, {}),
    ]


def test_deleting_twice_is_not_found(alice: User, deleted: Workspace) -> None:
    first = Workspace.objects.get().deleted_at
    assert delete(alice).status_code == 404
    with pytest.raises(NotFound):
        lifecycle.delete(workspace=deleted, deleted_by=alice, typed_name="Harbour")
    assert Workspace.objects.get().deleted_at == first


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_delete_at_once_one_does(alice: User, bob: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    deleting = partial(lifecycle.delete, workspace=workspace, typed_name="Harbour")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            deleting(deleted_by=alice)
            second = pool.submit(on_its_own_connection, partial(deleting, deleted_by=bob))
            wait_until_blocked()
        with pytest.raises(NotFound):
            second.result(10)
    assert Event.objects.filter(action="workspace.deleted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_types_a_name_that_is_being_changed_deletes_nothing(alice: User, workspace: Workspace) -> None:
    renamed = partial(Workspace.objects.filter(pk=workspace.pk).update, name="Quay")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            renamed()
            deleting = partial(lifecycle.delete, workspace=workspace, deleted_by=alice, typed_name="Harbour")
            second = pool.submit(on_its_own_connection, deleting)
            wait_until_blocked()
        with pytest.raises(lifecycle.WrongName):
            second.result(10)
    assert not is_deleted()
