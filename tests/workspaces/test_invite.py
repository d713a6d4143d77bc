"""Let people in by a link."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import NotFound
from apps.workspaces import invitations, members
from apps.workspaces.models import Installation, Invitation, Membership, Role, Workspace
from tests.conftest import PASSWORD, make_person, make_workspace, signed_in
from tests.product import wait_until

DORA = {"name": "Dora", "email": "dora@example.org", "password": PASSWORD}


def invite(workspace: Workspace, by: User, role: Role = Role.MEMBER) -> str:
    """The path of a new invitation."""
    _row, token = invitations.invite(workspace=workspace, invited_by=by, role=role)
    return f"/invitations/{token}/"


WANTED = {"action": "invite", "role": "viewer", "note": "Dora"}


def test_the_page_makes_a_link_and_shows_it_once(alice: User, workspace: Workspace) -> None:
    client = signed_in(alice)
    answer = client.post("/w/harbour/people/", WANTED)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/w/harbour/people/")
    token = re.fullmatch(r"http://testserver/invitations/([\w-]{43})/", client.get("/w/harbour/people/").context["new_link"])
    assert token is not None
    made = Invitation.objects.get()
    assert (made.role, made.note, made.invited_by) == ("viewer", "Dora", alice)
    assert token[1] not in str(Invitation.objects.values())


def test_a_reload_shows_the_link_no_more_and_makes_no_second(alice: User, workspace: Workspace) -> None:
    client = signed_in(alice)
    shown = client.post("/w/harbour/people/", WANTED, follow=True)
    assert "no-store" in shown.headers["Cache-Control"]
    assert shown.context["new_link"] not in client.get("/w/harbour/people/").content.decode()
    assert Invitation.objects.count() == 1


def test_the_link_waits_for_its_own_workspaces_page(alice: User, workspace: Workspace) -> None:
    make_workspace("quay", owner=alice)
    client = signed_in(alice)
    client.post("/w/harbour/people/", WANTED)
    assert client.get("/w/quay/people/").context["new_link"] == ""
    assert client.get("/w/harbour/people/").context["new_link"]


def test_a_stranger_becomes_a_person_and_a_member(alice: User, workspace: Workspace, client: Client) -> None:
    path = invite(workspace, alice, Role.VIEWER)
    assert client.get(path).context["invitation"].workspace == workspace
    assert client.post(path, DORA).headers["Location"] == "/w/harbour/"
    dora = User.objects.get(email="dora@example.org")
    assert not dora.is_superuser
    assert set(dora.memberships.values_list("workspace__slug", "role")) == {("harbour", "viewer"), ("dora", "owner")}
    assert client.get("/me/").status_code == 200


def test_a_person_joins_by_one_click(alice: User, charlie: User, workspace: Workspace) -> None:
    path, browser = invite(workspace, alice), signed_in(charlie)
    assert browser.get(path).context["form"] is None
    assert not charlie.memberships.filter(workspace=workspace).exists()
    browser.post(path)
    assert charlie.memberships.get(workspace=workspace).role == Role.MEMBER


def test_a_member_keeps_their_role_and_the_link_stays_open(alice: User, bob: User, workspace: Workspace) -> None:
    path = invite(workspace, alice, Role.ADMIN)
    signed_in(bob).post(path)
    assert bob.memberships.get().role == Role.MEMBER
    assert Client().get(path).status_code == 200


def test_it_works_once(alice: User, charlie: User, workspace: Workspace, client: Client) -> None:
    path = invite(workspace, alice)
    signed_in(charlie).post(path)
    assert client.get(path).status_code == 404
    assert client.post(path, DORA).status_code == 404
    assert not User.objects.filter(email="dora@example.org").exists()


def test_it_works_for_seven_days(alice: User, workspace: Workspace, client: Client) -> None:
    path = invite(workspace, alice)
    assert Invitation.objects.get().expires_at - timezone.now() > timedelta(days=6, hours=23)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(path).status_code == 404


def test_it_can_be_revoked(alice: User, workspace: Workspace, client: Client) -> None:
    path = invite(workspace, alice)
    signed_in(alice).post("/w/harbour/people/", {"action": "revoke", "invitation": Invitation.objects.get().pk})
    assert client.get(path).status_code == 404


def test_a_member_revokes_and_makes_none(alice: User, bob: User, workspace: Workspace, client: Client) -> None:
    path, browser = invite(workspace, alice), signed_in(bob)
    assert browser.post("/w/harbour/people/", {"action": "revoke", "invitation": Invitation.objects.get().pk}).status_code == 404
    assert browser.post("/w/harbour/people/", {"action": "invite", "role": "viewer"}).status_code == 403
    assert client.get(path).status_code == 200


def test_a_stranger_revokes_none(alice: User, charlie: User, workspace: Workspace, client: Client) -> None:
    path = invite(workspace, alice)
    fields = {"action": "revoke", "invitation": Invitation.objects.get().pk}
    assert signed_in(charlie).post("/w/elsewhere/people/", fields).status_code == 404
    assert client.get(path).status_code == 200


def test_an_admin_invites_no_owner(workspace: Workspace) -> None:
    ada = make_person("Ada")
    Membership.objects.create(workspace=workspace, user=ada, role=Role.ADMIN)
    assert signed_in(ada).post("/w/harbour/people/", {"action": "invite", "role": "owner"}).status_code == 403
    assert signed_in(ada).post("/w/harbour/people/", {"action": "invite", "role": "admin"}).status_code == 302


def test_nobody_comes_into_a_personal_workspace(alice: User) -> None:
    make_workspace("alice", owner=alice)
    Workspace.objects.update(is_personal=True)
    assert signed_in(alice).post("/w/alice/people/", {"action": "invite", "role": "member"}).status_code == 409


@pytest.mark.parametrize("change", [{"email": "bob@example.org"}, {"email": "BOB@example.org"}, {"password": "short"}, {"email": "nobody"}])
def test_a_bad_entry_leaves_the_link_open(alice: User, bob: User, workspace: Workspace, client: Client, change: dict[str, str]) -> None:
    path, people = invite(workspace, alice), User.objects.count()
    assert list(client.post(path, DORA | change).context["form"].errors) == list(change)
    assert User.objects.count() == people
    assert client.post(path, DORA).status_code == 302


@pytest.mark.parametrize("field", ["role", "workspace", "is_superuser", "is_staff", "id"])
def test_fields_of_the_row_are_not_taken_over(alice: User, workspace: Workspace, client: Client, field: str) -> None:
    client.post(invite(workspace, alice), DORA | {field: "owner"})
    dora = User.objects.get(email="dora@example.org")
    assert (dora.is_superuser, dora.memberships.get(workspace=workspace).role) == (False, "member")


@pytest.mark.parametrize("token", ["x", "x" * 43, "%00", "'; DROP TABLE accounts_user; --", "%F0%9F%A6%86", "x" * 5000])
def test_a_made_up_token_opens_nothing(alice: User, client: Client, token: str) -> None:
    assert client.get(f"/invitations/{token}/").status_code == 404


def test_guessing_is_slowed_down(alice: User, client: Client) -> None:
    answers = [client.get(f"/invitations/guess-{number}/").status_code for number in range(31)]
    assert answers == [404] * 30 + [429]
    assert Client(REMOTE_ADDR="10.0.0.9").get("/invitations/guess/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_who_come_at_once_one_gets_in() -> None:
    Installation.objects.create()
    alice, dora, emil = (make_person(name) for name in ("Alice", "Dora", "Emil"))
    path, start = invite(make_workspace("harbour", owner=alice), alice), threading.Barrier(2)

    def come(person: User) -> int:
        browser = signed_in(person)
        start.wait()
        try:
            return browser.post(path).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(come, (dora, emil))) == [302, 404]
    assert Membership.objects.exclude(user=alice).count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_is_being_removed_makes_no_link() -> None:
    Installation.objects.create()
    alice, ada = make_person("Alice"), make_person("Ada")
    workspace = make_workspace("harbour", owner=alice, admin=ada)

    def make_link() -> type[Exception] | None:
        try:
            invite(workspace, ada)
        except NotFound as error:
            return type(error)
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        members.remove_member(workspace=workspace, removed_by=alice, member=Membership.objects.get(user=ada).pk)
        made = pool.submit(make_link)
        wait_until(lambda: made.done() or somebody_waits_for_a_lock(), "the link to wait for the removal")
    assert made.result() is NotFound
    assert not Invitation.objects.exists()


def somebody_waits_for_a_lock() -> bool:
    """Whether another transaction of this database waits for one of ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])
