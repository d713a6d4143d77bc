"""A workspace's own settings."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.workspaces.models import Workspace
from tests.conftest import signed_in

WANTED = {"name": "Harbour Office", "answering": "verbatim", "language": "de"}


def test_an_owner_changes_them(alice: User, workspace: Workspace) -> None:
    assert signed_in(alice).post("/w/harbour/settings/", WANTED).status_code == 302
    workspace.refresh_from_db()
    assert {field: getattr(workspace, field) for field in WANTED} == WANTED


def test_a_member_reads_them_only(bob: User, workspace: Workspace) -> None:
    assert signed_in(bob).get("/w/harbour/settings/").status_code == 200
    assert signed_in(bob).post("/w/harbour/settings/", WANTED).status_code == 403
    workspace.refresh_from_db()
    assert workspace.name == "Harbour"


def test_a_stranger_finds_none(charlie: User, workspace: Workspace) -> None:
    assert signed_in(charlie).get("/w/harbour/settings/").status_code == 404
    assert signed_in(charlie).post("/w/harbour/settings/", WANTED).status_code == 404
    assert Client().get("/w/harbour/settings/").status_code == 302


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("answering", "rude"), ("language", "tlh"), ("name", "a\0b")])
def test_a_bad_entry_changes_nothing(alice: User, workspace: Workspace, field: str, value: str) -> None:
    answer = signed_in(alice).post("/w/harbour/settings/", WANTED | {field: value})
    assert list(answer.context["form"].errors) == [field]
    workspace.refresh_from_db()
    assert workspace.name == "Harbour"


@pytest.mark.parametrize("field", ["slug", "id", "is_personal", "deleted_at"])
def test_other_fields_are_not_taken_over(alice: User, workspace: Workspace, field: str) -> None:
    before = getattr(workspace, field)
    signed_in(alice).post("/w/harbour/settings/", WANTED | {field: "1"})
    assert getattr(Workspace.objects.get(), field) == before
