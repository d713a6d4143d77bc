"""An archived workspace can be read, and nothing in it changes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import Details
from apps.audit.models import Event
from apps.chat import services as chat
from apps.chat.models import Conversation, Message
from apps.core.errors import ProductError
from apps.documents import services as documents
from apps.documents.models import Document, DocumentVersion
from apps.workspaces import invitations, lifecycle, members
from apps.workspaces.models import Invitation, Membership, Role, Workspace
from apps.workspaces.writable import Archived
from tests.conftest import make_person, make_workspace, signed_in
from tests.documents.conftest import Upload, upload
from tests.documents.locks import on_its_own_connection, wait_until_blocked

__all__ = ["upload"]


@pytest.fixture
def archived(workspace: Workspace, alice: User) -> Workspace:
    """The team's workspace, after Alice has archived it."""
    lifecycle.archive(workspace=workspace, archived_by=alice)
    return workspace


@pytest.fixture
def talk(workspace: Workspace, alice: User) -> Conversation:
    """Alice's conversation from before."""
    return chat.create_conversation(workspace=workspace, author=alice, title="Lease")


def is_archived() -> bool:
    return Workspace.objects.exclude(archived_at=None).exists()


def code_of(answer: Any) -> tuple[int, str]:
    """Status and code of an API's answer."""
    return answer.status_code, answer.json()["error"]["code"]


def test_its_owner_archives_it_and_puts_it_back(alice: User, workspace: Workspace) -> None:
    browser = signed_in(alice)
    assert browser.post("/w/harbour/archive/").headers["Location"] == "/w/harbour/settings/"
    assert is_archived()
    browser.post("/w/harbour/unarchive/")
    assert not is_archived()


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
@pytest.mark.parametrize("action", ["archive", "unarchive"])
def test_nobody_else_does(workspace: Workspace, role: str, action: str) -> None:
    person = make_person("Other")
    Membership.objects.create(workspace=workspace, user=person, role=role)
    assert signed_in(person).post(f"/w/harbour/{action}/").status_code == 403
    assert not is_archived()


def test_a_stranger_finds_nothing_to_archive(charlie: User, workspace: Workspace) -> None:
    assert signed_in(charlie).post("/w/harbour/archive/").status_code == 404
    assert not is_archived()


def test_a_personal_one_stays_in_use(alice: User) -> None:
    make_workspace("alice", owner=alice)
    Workspace.objects.update(is_personal=True)
    page = signed_in(alice).post("/w/alice/archive/", follow=True)
    assert "This is your own workspace" in page.content.decode()
    assert not is_archived()


def test_twice_is_once(alice: User, archived: Workspace) -> None:
    first = Workspace.objects.get().archived_at
    lifecycle.archive(workspace=archived, archived_by=alice)
    assert Workspace.objects.get().archived_at == first
    lifecycle.unarchive(workspace=archived, unarchived_by=alice)
    lifecycle.unarchive(workspace=archived, unarchived_by=alice)
    actions = Event.objects.filter(action__startswith="workspace.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["workspace.archived", "workspace.unarchived"]


def test_one_is_archived_and_the_other_goes_on(alice: User, archived: Workspace) -> None:
    second = make_workspace("second", owner=alice)
    chat.ask(workspace=second, conversation=None, asked_by=alice, text="Is it open?", key="one")
    assert Workspace.objects.filter(archived_at=None).get() == second


@pytest.mark.parametrize("path", ["/w/harbour/", "/w/harbour/documents/", "/w/harbour/people/", "/w/harbour/settings/"])
def test_its_pages_say_so(alice: User, workspace: Workspace, path: str) -> None:
    browser = signed_in(alice)
    assert "archived-note" not in browser.get(path).content.decode()
    browser.post("/w/harbour/archive/")
    assert "archived-note" in browser.get(path).content.decode()


def test_everything_can_still_be_read(upload: Upload, talk: Conversation, alice: User, bob: User, workspace: Workspace) -> None:
    document = upload()
    lifecycle.archive(workspace=workspace, archived_by=alice)
    browser = signed_in(alice)
    for path in (f"/c/{talk.pk}/", f"/d/{document.pk}/", f"/d/{document.pk}/original/", "/api/workspaces/harbour/documents"):
        assert browser.get(path).status_code == 200
    found = signed_in(bob).post("/api/workspaces/harbour/search", {"query": "notice of the lease"}, content_type="application/json")
    assert len(found.json()["results"]) == 1


def test_pages_offer_nothing_that_would_be_refused(alice: User, archived: Workspace) -> None:
    browser = signed_in(alice)
    assert "data-pick" not in browser.get("/w/harbour/documents/").content.decode()
    assert '<form id="composer" class="composer" hidden>' in browser.get("/w/harbour/").content.decode()
    assert 'name="answering"' not in browser.get("/w/harbour/settings/").content.decode()


def test_it_stands_apart_in_the_switch(alice: User, archived: Workspace) -> None:
    second = make_workspace("second", owner=alice)
    side = signed_in(alice).get("/w/second/").content.decode()
    assert "menu-heading" in side
    lifecycle.unarchive(workspace=archived, unarchived_by=alice)
    assert "menu-heading" not in signed_in(alice).get(f"/w/{second.slug}/").content.decode()


def test_nothing_is_asked(alice: User, archived: Workspace) -> None:
    with pytest.raises(Archived):
        chat.ask(workspace=archived, conversation=None, asked_by=alice, text="Is it open?", key="one")
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()


def test_nothing_is_asked_by_programs(alice: User, talk: Conversation, archived: Workspace) -> None:
    browser = signed_in(alice)
    asked = browser.post(f"/api/conversations/{talk.pk}/messages", {"text": "Is it open?"}, content_type="application/json")
    assert code_of(asked) == (409, "archived")
    made = browser.post("/api/workspaces/harbour/conversations", {}, content_type="application/json")
    assert code_of(made) == (409, "archived")


def test_a_conversation_is_neither_renamed_nor_deleted_nor_brought_back(alice: User, talk: Conversation, workspace: Workspace) -> None:
    gone = chat.create_conversation(workspace=workspace, author=alice, title="Gone")
    chat.delete(conversation=gone)
    lifecycle.archive(workspace=workspace, archived_by=alice)
    browser = signed_in(alice)
    for path in (f"/c/{talk.pk}/rename/", f"/c/{talk.pk}/delete/", f"/c/{gone.pk}/restore/"):
        assert code_of(browser.post(path, {"title": "New"})) == (409, "archived")
    assert Conversation.objects.get(deleted_at=None) == talk


def test_no_file_is_added(alice: User, archived: Workspace) -> None:
    answer = signed_in(alice).post("/api/workspaces/harbour/documents", {"file": SimpleUploadedFile("a.txt", b"a")})
    assert code_of(answer) == (409, "archived")
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("change", "by"), [(documents.remove, "removed_by"), (documents.restore, "restored_by"), (documents.retry, "asked_by")]
)
def test_no_file_is_changed(upload: Upload, alice: User, workspace: Workspace, change: Callable[..., None], by: str) -> None:
    document = upload(b"%PDF-broken")
    before = list(DocumentVersion.objects.values()), list(Document.objects.values())
    lifecycle.archive(workspace=workspace, archived_by=alice)
    with pytest.raises(Archived):
        change(document=document, **{by: alice})
    assert before == (list(DocumentVersion.objects.values()), list(Document.objects.values()))


def test_nobody_is_invited_and_no_link_lets_anybody_in(alice: User, charlie: User, workspace: Workspace) -> None:
    _row, token = invitations.invite(workspace=workspace, invited_by=alice, role=Role.MEMBER)
    lifecycle.archive(workspace=workspace, archived_by=alice)
    with pytest.raises(Archived):
        invitations.invite(workspace=workspace, invited_by=alice, role=Role.MEMBER)
    with pytest.raises(Archived):
        invitations.accept(token=token, user=charlie)
    assert signed_in(charlie).post(f"/invitations/{token}/").status_code == 409
    lifecycle.unarchive(workspace=workspace, unarchived_by=alice)
    assert invitations.accept(token=token, user=charlie).workspace == workspace
    assert Invitation.objects.count() == 1


def test_nobody_new_is_made_by_its_link(alice: User, workspace: Workspace) -> None:
    _row, token = invitations.invite(workspace=workspace, invited_by=alice, role=Role.MEMBER)
    lifecycle.archive(workspace=workspace, archived_by=alice)
    with pytest.raises(Archived):
        invitations.accept_as_new_person(Details("dora@example.org", "correct horse battery"), token=token)
    assert not User.objects.filter(email="dora@example.org").exists()


def test_no_role_and_no_setting_changes(alice: User, bob: User, archived: Workspace) -> None:
    place = Membership.objects.get(user=bob)
    with pytest.raises(Archived):
        members.change_role(workspace=archived, changed_by=alice, member=place.pk, role=Role.ADMIN)
    wanted = {"name": "Quay", "answering": "verbatim", "language": "de"}
    assert signed_in(alice).post("/w/harbour/settings/", wanted).status_code == 409
    assert Workspace.objects.get().name == "Harbour"


def test_somebody_can_still_be_taken_out(alice: User, bob: User, archived: Workspace) -> None:
    members.remove_member(workspace=archived, removed_by=alice, member=Membership.objects.get(user=bob).pk)
    assert not Membership.objects.filter(user=bob).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [lifecycle.archive, partial(lifecycle.delete, typed_name="Harbour")])
def test_who_began_before_finishes_and_who_comes_after_is_refused(alice: User, bob: User, workspace: Workspace, end: Any) -> None:
    by = "archived_by" if end is lifecycle.archive else "deleted_by"
    ask = partial(chat.ask, workspace=workspace, conversation=None, asked_by=bob, text="Is it open?")
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        ask(key="before")
        ending = pool.submit(on_its_own_connection, partial(end, workspace=workspace, **{by: alice}))
        wait_until_blocked()
        transaction.on_commit(lambda: ending.result(10))
    with pytest.raises(ProductError):
        ask(key="after")
    assert Message.objects.filter(role=Message.Role.USER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_it_is_archived_waits_and_is_refused(alice: User, bob: User, workspace: Workspace) -> None:
    ask = partial(chat.ask, workspace=workspace, conversation=None, asked_by=bob, text="Is it open?", key="one")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lifecycle.archive(workspace=workspace, archived_by=alice)
            asking = pool.submit(on_its_own_connection, ask)
            wait_until_blocked()
        with pytest.raises(Archived):
            asking.result(10)
    assert not Message.objects.exists()
