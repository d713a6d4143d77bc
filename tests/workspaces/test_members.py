"""Who may change whom."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.core.errors import Forbidden, NotFound
from apps.workspaces import invitations, members
from apps.workspaces.models import Installation, Membership, Role, Workspace
from tests.conftest import make_person, make_workspace, signed_in


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Whose sockets were closed."""
    people: list[UUID] = []
    monkeypatch.setattr("apps.workspaces.members.end_sockets", people.append)
    return people


@pytest.fixture
def ada(workspace: Workspace) -> User:
    """An admin of the team."""
    user = make_person("Ada")
    Membership.objects.create(workspace=workspace, user=user, role=Role.ADMIN)
    return user


def place(user: User, workspace: Workspace) -> Membership:
    """The person's place in the workspace."""
    return Membership.objects.get(user=user, workspace=workspace)


def post(by: User, workspace: Workspace, **fields: object) -> int:
    """The status of a change made on the page of people."""
    return signed_in(by).post(f"/w/{workspace.slug}/people/", fields).status_code


def test_an_owner_changes_a_role(alice: User, bob: User, workspace: Workspace, ended: list[UUID]) -> None:
    assert post(alice, workspace, action="role", membership=place(bob, workspace).pk, role="viewer") == 302
    assert place(bob, workspace).role == Role.VIEWER
    assert ended == [bob.pk]


def test_an_admin_changes_a_role(ada: User, bob: User, workspace: Workspace) -> None:
    post(ada, workspace, action="role", membership=place(bob, workspace).pk, role="admin")
    assert place(bob, workspace).role == Role.ADMIN


@pytest.mark.parametrize("role", ["owner", "admin", "viewer"])
def test_a_member_changes_no_role_not_even_their_own(bob: User, workspace: Workspace, role: str) -> None:
    assert post(bob, workspace, action="role", membership=place(bob, workspace).pk, role=role) == 403
    assert place(bob, workspace).role == Role.MEMBER


def test_an_admin_makes_no_owner(ada: User, bob: User, workspace: Workspace) -> None:
    for member in (ada, bob):
        assert post(ada, workspace, action="role", membership=place(member, workspace).pk, role="owner") == 403
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.parametrize("change", [{"action": "role", "role": "viewer"}, {"action": "remove"}])
def test_an_admin_leaves_owners_alone(ada: User, alice: User, workspace: Workspace, change: dict[str, str]) -> None:
    assert post(ada, workspace, membership=place(alice, workspace).pk, **change) == 403
    assert place(alice, workspace).role == Role.OWNER


@pytest.mark.parametrize("change", [{"action": "role", "role": "member"}, {"action": "remove"}])
def test_the_last_owner_stays(alice: User, workspace: Workspace, change: dict[str, str]) -> None:
    client = signed_in(alice)
    page = client.post("/w/harbour/people/", {"membership": place(alice, workspace).pk, **change}, follow=True)
    assert "keeps at least one owner" in page.content.decode()
    assert place(alice, workspace).role == Role.OWNER


def test_an_owner_may_go_once_there_is_another(alice: User, bob: User, workspace: Workspace) -> None:
    post(alice, workspace, action="role", membership=place(bob, workspace).pk, role="owner")
    post(alice, workspace, action="remove", membership=place(alice, workspace).pk)
    assert list(workspace.memberships.values_list("user__email", "role")) == [("bob@example.org", "owner")]


@pytest.mark.parametrize("change", [{"action": "role", "role": "member"}, {"action": "remove"}])
def test_an_owner_who_was_disabled_counts_as_none(alice: User, bob: User, workspace: Workspace, change: dict[str, str]) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    post(alice, workspace, membership=place(alice, workspace).pk, **change)
    assert place(alice, workspace).role == Role.OWNER


def test_an_owner_who_was_disabled_can_be_removed(alice: User, bob: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert post(alice, workspace, action="remove", membership=place(bob, workspace).pk) == 302
    assert not Membership.objects.filter(user=bob).exists()


def test_whoever_is_disabled_in_mid_request_changes_nothing(alice: User, bob: User, workspace: Workspace) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)  # the object of the request says otherwise
    with pytest.raises(NotFound):
        members.change_role(workspace=workspace, changed_by=alice, member=place(bob, workspace).pk, role=Role.ADMIN)
    with pytest.raises(NotFound):
        invitations.invite(workspace=workspace, invited_by=alice, role=Role.MEMBER)


def test_whoever_is_removed_has_no_access_any_more(alice: User, bob: User, workspace: Workspace, ended: list[UUID]) -> None:
    browser = signed_in(bob)
    assert browser.get("/w/harbour/people/").status_code == 200
    post(alice, workspace, action="remove", membership=place(bob, workspace).pk)
    assert browser.get("/w/harbour/people/").status_code == 404
    assert ended == [bob.pk]


def test_anybody_may_leave(bob: User, workspace: Workspace) -> None:
    answer = signed_in(bob).post("/w/harbour/people/", {"action": "remove", "membership": place(bob, workspace).pk})
    assert answer.headers["Location"] == "/"
    assert not Membership.objects.filter(user=bob).exists()


def test_a_member_removes_nobody_else(ada: User, bob: User, workspace: Workspace) -> None:
    assert post(bob, workspace, action="remove", membership=place(ada, workspace).pk) == 403
    assert place(ada, workspace)


def test_links_of_the_removed_are_withdrawn(alice: User, ada: User, workspace: Workspace) -> None:
    _row, token = invitations.invite(workspace=workspace, invited_by=ada, role=Role.ADMIN)
    members.remove_member(workspace=workspace, removed_by=alice, member=place(ada, workspace).pk)
    with pytest.raises(invitations.InvitationGone):
        invitations.accept(token=token, user=ada)


def test_links_of_the_demoted_are_withdrawn(alice: User, ada: User, workspace: Workspace) -> None:
    _row, token = invitations.invite(workspace=workspace, invited_by=ada, role=Role.ADMIN)
    members.change_role(workspace=workspace, changed_by=alice, member=place(ada, workspace).pk, role=Role.MEMBER)
    with pytest.raises(invitations.InvitationGone):
        invitations.open_invitation(token)


@pytest.mark.parametrize("change", [{"action": "role", "role": "viewer"}, {"action": "remove"}, {"action": "invite", "role": "member"}])
def test_a_stranger_changes_nothing(charlie: User, bob: User, workspace: Workspace, change: dict[str, str]) -> None:
    assert post(charlie, workspace, membership=place(bob, workspace).pk, **change) == 404
    assert place(bob, workspace).role == Role.MEMBER


def test_a_stranger_sees_no_people(charlie: User, workspace: Workspace) -> None:
    assert signed_in(charlie).get("/w/harbour/people/").status_code == 404
    assert Client().get("/w/harbour/people/").status_code == 302


def test_members_of_another_workspace_are_not_found(alice: User, charlie: User, workspace: Workspace) -> None:
    theirs = Membership.objects.get(user=charlie).pk
    for change in ({"action": "role", "role": "viewer"}, {"action": "remove"}):
        assert post(alice, workspace, membership=theirs, **change) == 404
    assert Membership.objects.get(user=charlie).role == Role.OWNER


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"action": "crown"},
        {"action": "role"},
        {"action": "role", "membership": "x", "role": "member"},
        {"action": "remove", "membership": ""},
    ],
)
def test_a_wrong_form_is_refused(alice: User, workspace: Workspace, fields: dict[str, str]) -> None:
    assert post(alice, workspace, **fields) == 422


def test_a_wrong_role_is_refused(alice: User, bob: User, workspace: Workspace) -> None:
    assert post(alice, workspace, action="role", membership=place(bob, workspace).pk, role="king") == 422
    assert place(bob, workspace).role == Role.MEMBER


def test_a_missing_member_is_not_found(alice: User, workspace: Workspace) -> None:
    assert post(alice, workspace, action="remove", membership=uuid4()) == 404


def test_the_page_shows_a_member_no_invitations(alice: User, bob: User, workspace: Workspace) -> None:
    invitations.invite(workspace=workspace, invited_by=alice, role=Role.MEMBER, note="for Dora")
    page = signed_in(bob).get("/w/harbour/people/")
    assert list(page.context["invitations"]) == []
    assert page.context["roles"] == []
    assert {member.user.email for member, _is_changeable in page.context["members"]} == {"alice@example.org", "bob@example.org"}


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_leave_one() -> None:
    Installation.objects.create()
    first, second = make_person("First"), make_person("Second")
    workspace = make_workspace("harbour", owner=first)
    Membership.objects.create(workspace=workspace, user=second, role=Role.OWNER)
    start = threading.Barrier(2)

    def demote(by: User, other: User) -> None:
        start.wait()
        try:
            members.change_role(workspace=workspace, changed_by=by, member=place(other, workspace).pk, role=Role.MEMBER)
        except (Forbidden, NotFound):
            pass  # the other was faster
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(demote, (first, second), (second, first)))
    assert workspace.memberships.filter(role=Role.OWNER).count() == 1
