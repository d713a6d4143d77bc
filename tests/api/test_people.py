"""Who asks, where they belong, who else is there, and their keys, by API."""

from __future__ import annotations

from uuid import uuid4

import pytest

from apps.accounts.models import User
from apps.workspaces.keys import create_key, find_key
from apps.workspaces.models import ApiKey, Role, Workspace
from tests.api.conftest import Program, program_of, refusal
from tests.conftest import make_person, make_workspace, signed_in


def test_a_key_says_for_whom_it_acts(api: Program, alice: User) -> None:
    told = api.get("me").json()
    key = ApiKey.objects.get()
    assert (told["id"], told["email"], told["is_administrator"]) == (str(alice.pk), alice.email, False)
    assert (told["key"]["id"], told["key"]["workspace"], told["key"]["last_four"]) == (str(key.pk), "harbour", key.last_four)


def test_a_session_comes_without_a_key(alice: User, workspace: Workspace) -> None:
    assert signed_in(alice).get("/api/me").json()["key"] is None


def test_nothing_secret_is_told_of_a_person_or_a_key(api: Program) -> None:
    assert set(api.get("me").json()) == {"id", "email", "name", "language", "time_zone", "is_administrator", "key"}
    assert set(api.get("keys").json()["results"][0]) == {"id", "name", "workspace", "last_four", "created_at", "last_used_at"}


def test_a_person_belongs_to_each_workspace_and_a_key_to_one(alice: User, api: Program) -> None:
    make_workspace("night-shift", viewer=alice)
    session = signed_in(alice).get("/api/workspaces").json()["results"]
    assert [(row["slug"], row["role"]) for row in session] == [("harbour", "owner"), ("night-shift", "viewer")]
    assert [row["slug"] for row in api.get("workspaces").json()["results"]] == ["harbour"]


def test_a_workspace_is_told_with_the_callers_role(colleague: Program) -> None:
    told = colleague.get("workspaces/harbour").json()
    assert (told["slug"], told["name"], told["role"], told["is_personal"]) == ("harbour", "Harbour", "member", False)


def test_a_deleted_workspace_is_gone(api: Program) -> None:
    Workspace.objects.update(deleted_at="2026-01-01T00:00Z")
    assert refusal(api.get("workspaces")) == (401, "unauthorized")


def test_members_see_each_other_page_by_page(api: Program, workspace: Workspace) -> None:
    for number in range(3):
        workspace.memberships.create(user=make_person(f"Dora{number}"), role=Role.VIEWER)
    first = api.get("workspaces/harbour/people", limit=2).json()
    rest = api.get("workspaces/harbour/people", limit=10, cursor=first["next"]).json()
    people = first["results"] + rest["results"]
    assert len({row["email"] for row in people}) == 5
    assert {row["role"] for row in people} == {"owner", "member", "viewer"}
    assert rest["next"] is None


def test_keys_are_listed_where_they_reach(alice: User, api: Program) -> None:
    elsewhere = make_workspace("night-shift", owner=alice)
    create_key(user=alice, workspace=elsewhere, name="other")
    assert {row["workspace"] for row in signed_in(alice).get("/api/keys").json()["results"]} == {"harbour", "night-shift"}
    assert {row["workspace"] for row in api.get("keys").json()["results"]} == {"harbour"}


def test_a_key_ends_another_one_and_itself(alice: User, workspace: Workspace, api: Program) -> None:
    other, text = create_key(user=alice, workspace=workspace, name="other")
    mine = ApiKey.objects.exclude(pk=other.pk).get()
    assert api.delete(f"keys/{other.pk}").status_code == 204
    assert find_key(text) is None
    assert refusal(api.delete(f"keys/{other.pk}")) == (404, "not_found")
    assert api.delete(f"keys/{mine.pk}").status_code == 204
    assert refusal(api.get("me")) == (401, "unauthorized")


def test_a_key_ends_none_of_another_workspace_or_person(alice: User, bob: User, workspace: Workspace, api: Program) -> None:
    elsewhere, _ = create_key(user=alice, workspace=make_workspace("night-shift", owner=alice), name="other")
    foreign, _ = create_key(user=bob, workspace=workspace, name="bobs")
    for key in (elsewhere.pk, foreign.pk, uuid4()):
        assert refusal(api.delete(f"keys/{key}")) == (404, "not_found")
    assert not ApiKey.objects.exclude(revoked_at=None).exists()


@pytest.mark.parametrize("path", ["keys", "workspaces/harbour/people"])
@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"cursor": "x"}])
def test_a_wrong_page_is_refused(api: Program, path: str, query: dict[str, object]) -> None:
    assert refusal(api.get(path, **query)) == (422, "invalid")


def test_a_stranger_is_told_of_himself_only(charlie: User, workspace: Workspace, alice: User) -> None:
    program = program_of(charlie, Workspace.objects.get(slug="elsewhere"))
    for path in ("me", "keys", "workspaces"):
        assert alice.email not in program.get(path).content.decode()
        assert "harbour" not in program.get(path).content.decode()
