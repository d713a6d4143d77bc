"""Who runs the installation, and that nobody else does what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from apps.accounts import links
from apps.accounts.models import ResetLink, User
from apps.audit.models import Event
from apps.core.errors import NotFound
from apps.core.tokens import token_hash
from apps.workspaces import people
from apps.workspaces.models import Invitation, Membership, Role, Workspace
from tests.conftest import make_workspace, signed_in
from tests.workspaces.administrators import make_root, recorded, root

__all__ = ["root"]


def test_one_is_made(root: User, bob: User) -> None:
    people.set_administrator(person=bob.pk, is_administrator=True, by=root)
    assert User.objects.get(pk=bob.pk).is_superuser
    assert recorded() == [("person.administrator", root.email, str(bob.pk))]


def test_one_is_unmade_and_their_links_end(root: User, bob: User, workspace: Workspace) -> None:
    people.set_administrator(person=bob.pk, is_administrator=True, by=root)
    elsewhere = make_workspace("quay", owner=root, admin=bob)
    made = [people.invite(workspace=team, role=Role.MEMBER, note="", by=bob)[0].pk for team in (workspace, elsewhere)]
    people.set_administrator(person=bob.pk, is_administrator=False, by=root)
    assert list(Invitation.objects.open().values_list("pk", flat=True)) == [made[1]]
    assert not User.objects.get(pk=bob.pk).is_superuser


def test_nobody_who_was_disabled_is_made_one(root: User, bob: User) -> None:
    people.disable(people=[bob.pk], by=root)
    with pytest.raises(NotFound):
        people.set_administrator(person=bob.pk, is_administrator=True, by=root)


def test_a_reset_link_is_taken_back(root: User, bob: User) -> None:
    token = people.make_reset_link(person=bob.pk, by=root)
    people.end_reset_link(person=bob.pk, by=root)
    people.end_reset_link(person=bob.pk, by=root)
    with pytest.raises(links.LinkGone):
        links.open_link(token_hash(token))
    assert [action for action, _actor, _target in recorded()] == ["reset_link.made", "reset_link.ended"]


def test_somebody_is_signed_out_everywhere(root: User, alice: User, bob: User) -> None:
    browsers = [signed_in(bob), signed_in(bob), signed_in(alice)]
    people.end_sessions(people=[bob.pk], by=root)
    assert [browser.get("/me/").status_code for browser in browsers] == [302, 302, 200]
    assert recorded() == [("sessions.ended", root.email, str(bob.pk))]


ACTS: dict[str, Callable[[User, Any, Any], object]] = {
    "disable": lambda by, person, _team: people.disable(people=[person], by=by),
    "enable": lambda by, person, _team: people.enable(people=[person], by=by),
    "end_sessions": lambda by, person, _team: people.end_sessions(people=[person], by=by),
    "make_administrator": lambda by, person, _team: people.set_administrator(person=person, is_administrator=True, by=by),
    "unmake_administrator": lambda by, person, _team: people.set_administrator(person=person, is_administrator=False, by=by),
    "make_reset_link": lambda by, person, _team: people.make_reset_link(person=person, by=by),
    "set_role": lambda by, person, team: people.set_role(person=person, workspace=team, role=Role.OWNER, by=by),
    "remove": lambda by, person, team: people.remove(person=person, workspace=team, by=by),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("who", ["member", "owner", "once", "disabled"])
def test_nobody_else_does_it(root: User, alice: User, bob: User, workspace: Workspace, act: Callable[..., object], who: str) -> None:
    once = make_root("Once")  # the object still says that they run the installation
    User.objects.filter(pk=once.pk).update(is_superuser=who == "disabled", is_active=who != "disabled")
    before = state()
    with pytest.raises(NotFound):
        act({"member": bob, "owner": alice}.get(who, once), bob.pk, workspace.pk)
    assert state() == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_people_who_are_not_there_are_not_found(root: User, workspace: Workspace, act: Callable[..., object]) -> None:
    before = state()
    with pytest.raises(NotFound):
        act(root, uuid4(), workspace.pk)
    assert state() == before


@pytest.mark.parametrize("act", [ACTS["set_role"], ACTS["remove"]], ids=["set_role", "remove"])
def test_workspaces_that_are_not_there_are_not_found(root: User, bob: User, workspace: Workspace, act: Callable[..., object]) -> None:
    with pytest.raises(NotFound):
        act(root, bob.pk, uuid4())


def state() -> list[Any]:
    """Everything that an act could change."""
    rows = (User, Membership, Invitation, ResetLink, Event)
    return [list(model._default_manager.order_by("pk").values()) for model in rows]
