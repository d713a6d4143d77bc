"""Who there is: everybody for administrators, a team's members for its members; by page, and in the same number of queries for any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User, UserQuerySet, shown_name
from apps.core.keyset import Page, page_of
from apps.workspaces.models import Membership, MembershipQuerySet, Workspace

QUERY_MAX_CHARS = 200
WORDS_MAX = 5


class State(models.TextChoices):
    """By what the list of people can be narrowed."""

    ALL = "", _("All")
    ADMINISTRATORS = "administrators", _("Administrators")
    DISABLED = "disabled", _("Disabled")
    NEVER = "never", _("Never signed in")


IN_STATE = {
    State.ALL: Q(),
    State.ADMINISTRATORS: Q(is_superuser=True),
    State.DISABLED: Q(is_active=False),
    State.NEVER: Q(last_login=None),
}


@dataclass(frozen=True)
class Sought:
    """What a list of people is searched for."""

    query: str = ""
    state: State = State.ALL
    workspace: Workspace | None = None

    @property
    def words(self) -> list[str]:
        """What has to stand in the name or the address, each of them."""
        return self.query.split()[:WORDS_MAX]


@dataclass(frozen=True)
class Row:
    """A person in the administrators' list; `role` where the list is of one workspace."""

    person: User
    teams: int
    role: str


@dataclass(frozen=True)
class Found:
    """A page of people, how many fit what was sought, and how many there are in each state."""

    page: Page[User]
    rows: list[Row]
    total: int
    states: list[tuple[State, int]]


def clean_query(text: str) -> str:
    """What was typed, as PostgreSQL takes it."""
    return text.replace("\0", "")[:QUERY_MAX_CHARS].strip()


def state_of(text: str) -> State:
    """The state of this name; ALL for anything that is none."""
    return State(text) if text in State.values else State.ALL


def find_people(sought: Sought, *, seen_by: User, asked: Mapping[str, str]) -> Found:
    """The page of people that `asked` names among those that fit; six queries at most, however many there are."""
    everybody = User.objects.visible_to(seen_by)
    fitting = _of_workspace(_with_words(everybody, sought.words), sought.workspace)
    counts = fitting.aggregate(**{state.name: Count("pk", filter=IN_STATE[state]) for state in State})
    page = page_of(fitting.filter(IN_STATE[sought.state]), among=everybody, by=shown_name(), asked=asked)
    states = [(state, counts[state.name]) for state in State]
    return Found(page, _rows(page.rows, sought.workspace), counts[sought.state.name], states)


def find_members(workspace: Workspace, query: str, *, seen_by: User, asked: Mapping[str, str]) -> tuple[Page[Membership], int]:
    """The page of the workspace's members that `asked` names among those that fit, and how many fit."""
    members = Membership.objects.visible_to(seen_by).filter(workspace=workspace)
    fitting = _members_with_words(members, Sought(query).words).select_related("user")
    return page_of(fitting, among=members, by=shown_name("user__"), asked=asked), fitting.count()


def teams_of(person: User) -> MembershipQuerySet:
    """The person's places in teams, by the teams' names; for administrators."""
    teams = Membership.objects.filter(user=person, workspace__deleted_at=None, workspace__is_personal=False)
    return teams.select_related("workspace").order_by("workspace__name", "pk")


def _with_words(people: UserQuerySet, words: list[str]) -> UserQuerySet:
    for word in words:
        people = people.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return people


def _members_with_words(members: MembershipQuerySet, words: list[str]) -> MembershipQuerySet:
    for word in words:
        members = members.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return members


def _of_workspace(people: UserQuerySet, workspace: Workspace | None) -> UserQuerySet:
    return people if workspace is None else people.filter(pk__in=Membership.objects.filter(workspace=workspace).values("user"))


def _rows(people: list[User], workspace: Workspace | None) -> list[Row]:
    places = Membership.objects.filter(user__in=people, workspace__deleted_at=None)
    teams: dict[UUID, int] = dict(places.filter(workspace__is_personal=False).values_list("user").annotate(Count("pk")))
    here = places.filter(workspace=workspace) if workspace else places.none()
    roles = {place.user_id: place.get_role_display() for place in here}
    return [Row(person, teams.get(person.pk, 0), roles.get(person.pk, "")) for person in people]
