"""Somebody always runs the installation, and each team: whatever door is tried, and however many try at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts.models import User
from apps.accounts.standing import LastAdministrator, NotYourself
from apps.core.errors import NotFound, ProductError
from apps.workspaces import lifecycle, members, people
from apps.workspaces.models import Installation, Membership, Role, Workspace
from tests.conftest import make_person, make_workspace
from tests.workspaces.administrators import make_root, root

__all__ = ["root"]

Act = Callable[[], object]


def place(user: User, workspace: Workspace) -> Membership:
    """The person's place in the workspace."""
    return Membership.objects.get(user=user, workspace=workspace)


def owners(workspace: Workspace) -> set[str]:
    """Who owns the workspace and can sign in."""
    return set(workspace.memberships.filter(role=Role.OWNER, user__is_active=True).values_list("user__name", flat=True))


def administrators() -> set[str]:
    return set(User.objects.filter(is_superuser=True, is_active=True).values_list("name", flat=True))


# Each way in which Alice, who owns the workspace, could stop owning it.
DOORS: dict[str, Callable[[User, User, Workspace], Act]] = {
    "demoted by an owner": lambda _root, alice, team: partial(
        members.change_role, workspace=team, changed_by=alice, member=place(alice, team).pk, role=Role.MEMBER
    ),
    "removed by an owner": lambda _root, alice, team: partial(
        members.remove_member, workspace=team, removed_by=alice, member=place(alice, team).pk
    ),
    "leaving": lambda _root, alice, team: partial(lifecycle.leave, workspace=team, user=alice),
    "demoted by an administrator": lambda root, alice, team: partial(
        people.set_role, person=alice.pk, workspace=team.pk, role=Role.ADMIN, by=root
    ),
    "removed by an administrator": lambda root, alice, team: partial(people.remove, person=alice.pk, workspace=team.pk, by=root),
    "disabled": lambda root, alice, _team: partial(people.disable, people=[alice.pk], by=root),
    "disabled by the shell": lambda _root, alice, _team: partial(people.disable, people=[alice.pk], by=None),
}
each_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@each_door
def test_the_last_owner_stays(root: User, alice: User, workspace: Workspace, door: Callable[..., Act]) -> None:
    with pytest.raises(members.LastOwner):
        door(root, alice, workspace)()
    assert owners(workspace) == {"Alice"}


@each_door
def test_one_of_two_may_go(root: User, alice: User, bob: User, workspace: Workspace, door: Callable[..., Act]) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    door(root, alice, workspace)()
    assert owners(workspace) == {"Bob"}


@each_door
def test_an_owner_who_was_disabled_counts_as_none(
    root: User, alice: User, bob: User, workspace: Workspace, door: Callable[..., Act]
) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    people.disable(people=[bob.pk], by=root)
    with pytest.raises(members.LastOwner):
        door(root, alice, workspace)()
    assert owners(workspace) == {"Alice"}


def test_two_owners_cannot_be_disabled_together(root: User, alice: User, bob: User, workspace: Workspace) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    with pytest.raises(members.LastOwner, match="Harbour"):
        people.disable(people=[alice.pk, bob.pk], by=root)
    assert owners(workspace) == {"Alice", "Bob"}


def test_the_sentence_names_what_would_be_nobodys(root: User, alice: User, workspace: Workspace) -> None:
    for number in range(6):
        make_workspace(f"quay-{number}", owner=alice)
    with pytest.raises(members.LastOwner) as refused:
        people.disable(people=[alice.pk], by=root)
    assert str(refused.value) == "Nobody else owns Harbour, Quay-0, Quay-1, Quay-2, Quay-3, …. Make somebody else an owner there first."


@pytest.mark.parametrize("change", [{"is_personal": True}, {"deleted_at": "2026-01-01T00:00Z"}])
def test_what_is_no_team_of_today_holds_nobody(root: User, alice: User, workspace: Workspace, change: dict[str, object]) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(**change)
    assert people.disable(people=[alice.pk], by=root) == 1


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
def test_whoever_owns_nothing_may_go(root: User, bob: User, workspace: Workspace, role: Role) -> None:
    Membership.objects.filter(user=bob).update(role=role)
    assert people.disable(people=[bob.pk], by=root) == 1


# Each way in which Root could stop running the installation.
ENDS: dict[str, Callable[[User], Act]] = {
    "no longer administrator": lambda root: partial(people.set_administrator, person=root.pk, is_administrator=False, by=root),
    "disabled by the shell": lambda root: partial(people.disable, people=[root.pk], by=None),
}
each_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)


@each_end
def test_the_last_administrator_stays(root: User, end: Callable[[User], Act]) -> None:
    with pytest.raises(LastAdministrator):
        end(root)()
    assert administrators() == {"Root"}


@each_end
def test_one_of_two_administrators_may_go(root: User, end: Callable[[User], Act]) -> None:
    make_root("Other")
    end(root)()
    assert administrators() == {"Other"}


@each_end
def test_an_administrator_who_was_disabled_counts_as_none(root: User, end: Callable[[User], Act]) -> None:
    people.disable(people=[make_root("Other").pk], by=root)
    with pytest.raises(LastAdministrator):
        end(root)()


def test_nobody_disables_themselves(root: User) -> None:
    make_root("Other")
    with pytest.raises(NotYourself):
        people.disable(people=[root.pk], by=root)
    assert administrators() == {"Root", "Other"}


def test_a_command_keeps_the_last_ones_too(root: User, alice: User, workspace: Workspace) -> None:
    for email, sentence in (("root@example.org", "run this installation"), ("alice@example.org", "Nobody else owns Harbour")):
        with pytest.raises(CommandError, match=sentence):
            call_command("disableuser", email)
    assert (administrators(), owners(workspace)) == ({"Root"}, {"Alice"})


def at_once(*acts: Act) -> list[type[ProductError] | None]:
    """What each act was refused by, all begun at the same moment, each in a transaction of its own."""
    start = threading.Barrier(len(acts))

    def run(act: Act) -> type[ProductError] | None:
        start.wait()
        try:
            act()
        except ProductError as error:
            return type(error)
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def pair(transactional_db: None) -> tuple[User, User]:
    """Two administrators who own the harbour together, and a third one beside them who runs nothing there."""
    Installation.objects.create()
    first, second = make_root("First"), make_root("Second")
    harbour = make_workspace("harbour", owner=first)
    Membership.objects.create(workspace=harbour, user=second, role=Role.OWNER)
    return first, second


RACES: dict[str, Callable[[User, User, Workspace], Act]] = {
    "disable": lambda by, other, _team: partial(people.disable, people=[other.pk], by=by),
    "demote": lambda by, other, team: partial(
        members.change_role, workspace=team, changed_by=by, member=place(other, team).pk, role=Role.MEMBER
    ),
    "remove": lambda by, other, team: partial(people.remove, person=other.pk, workspace=team.pk, by=by),
    "leave": lambda by, _other, team: partial(lifecycle.leave, workspace=team, user=by),
}


@pytest.mark.parametrize("second_act", RACES)
@pytest.mark.parametrize("first_act", RACES)
def test_of_two_owners_one_is_left(pair: tuple[User, User], first_act: str, second_act: str) -> None:
    first, second = pair
    harbour = Workspace.objects.get()
    refused = at_once(RACES[first_act](first, second, harbour), RACES[second_act](second, first, harbour))
    assert len(owners(harbour)) >= 1
    assert len([one for one in refused if one]) >= (0 if {"leave"} & {first_act, second_act} else 1)


@pytest.mark.parametrize("act", ["disable", "unmake"])
def test_of_two_administrators_one_is_left(pair: tuple[User, User], act: str) -> None:
    first, second = pair
    Membership.objects.all().delete()
    acts: dict[str, Callable[[User, User], Act]] = {
        "disable": lambda by, other: partial(people.disable, people=[other.pk], by=by),
        "unmake": lambda by, _other: partial(people.set_administrator, person=by.pk, is_administrator=False, by=by),
    }
    refused = at_once(acts[act](first, second), acts[act](second, first))
    assert len(administrators()) == 1
    assert sorted(str(one) for one in refused) == sorted(str(one) for one in (None, NotFound if act == "disable" else LastAdministrator))


def test_whoever_becomes_an_owner_while_being_disabled_counts_as_none(pair: tuple[User, User]) -> None:
    first, second = pair
    dora = make_person("Dora")
    harbour = Workspace.objects.get()
    members.add_member(workspace=harbour, user=dora, role=Role.MEMBER)
    people.remove(person=second.pk, workspace=harbour.pk, by=first)

    def hand_over() -> None:
        members.change_role(workspace=harbour, changed_by=first, member=place(dora, harbour).pk, role=Role.OWNER)
        lifecycle.leave(workspace=harbour, user=first)

    at_once(hand_over, partial(people.disable, people=[dora.pk], by=second))
    assert owners(harbour)
