"""Set-up by script."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.models import User
from apps.workspaces.keys import find_key
from apps.workspaces.models import ApiKey, Installation, Membership, Role, Workspace
from tests.architecture.budgets import ROOT
from tests.conftest import PASSWORD

Run = Callable[..., str]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command; what it printed."""

    def run(*words: str, password: str = PASSWORD) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        out = io.StringIO()
        call_command(*words, stdout=out)
        return out.getvalue()

    return run


def refusal(command: Run, *words: str, password: str = PASSWORD) -> str:
    """The one line of a refused command."""
    with pytest.raises(CommandError) as refused:
        command(*words, password=password)
    return str(refused.value)


def test_createadmin_sets_the_installation_up(db: None, command: Run) -> None:
    assert "first administrator" in command("createadmin", "--email", "Root@Example.org", "--password-stdin")
    root = User.objects.get()
    assert (root.email, root.is_superuser, root.check_password(PASSWORD)) == ("root@example.org", True, True)
    assert set(Workspace.objects.values_list("slug", "is_personal")) == {("team", False), ("root", True)}
    assert Installation.objects.exists()


def test_createadmin_adds_another_afterwards(alice: User, workspace: Workspace, command: Run) -> None:
    assert "another administrator" in command("createadmin", "--email", "root@example.org", "--password-stdin")
    assert set(User.objects.get(email="root@example.org").memberships.values_list("workspace__slug", "role")) == {("root", "owner")}


def test_createuser_makes_a_person(installation: Installation, command: Run) -> None:
    command("createuser", "--email", "dora@example.org", "--password-stdin")
    dora = User.objects.get()
    assert (dora.is_superuser, dora.check_password(PASSWORD)) == (False, True)
    assert list(dora.memberships.values_list("workspace__slug", "workspace__is_personal")) == [("dora", True)]


@pytest.mark.parametrize(("options", "role"), [([], "member"), (["--role", "viewer"], "viewer"), (["--role", "owner"], "owner")])
def test_createuser_makes_a_member(workspace: Workspace, command: Run, options: list[str], role: str) -> None:
    command("createuser", "--email", "dora@example.org", "--password-stdin", "--workspace", "harbour", *options)
    assert workspace.memberships.get(user__email="dora@example.org").role == role


@pytest.mark.parametrize(
    ("options", "password", "sentence"),
    [
        (["--email", "nobody"], PASSWORD, "not an e-mail address"),
        (["--email", "alice@example.org"], PASSWORD, "has this e-mail address already"),
        (["--email", "dora@example.org"], "", "too short"),
        (["--email", "dora@example.org"], "password1234", "too common"),
        (["--email", "dora@example.org", "--role", "member"], PASSWORD, "--workspace"),
        (["--email", "dora@example.org", "--workspace", "harbour", "--role", "king"], PASSWORD, "'king' is no role"),
        (["--email", "dora@example.org", "--workspace", "nothing"], PASSWORD, "no team's workspace 'nothing'"),
    ],
)
def test_createuser_refuses(workspace: Workspace, command: Run, options: list[str], password: str, sentence: str) -> None:
    people = User.objects.count()
    line = refusal(command, "createuser", "--password-stdin", *options, password=password)
    assert sentence in line
    assert "\n" not in line
    assert (User.objects.count(), Workspace.objects.count()) == (people, 1)


def test_createworkspace_makes_one(alice: User, command: Run) -> None:
    command("createworkspace", "night-shift", "--owner", "alice@example.org")
    made = Workspace.objects.get()
    assert (made.slug, made.name, made.is_personal) == ("night-shift", "Night shift", False)
    assert Membership.objects.get().role == Role.OWNER


@pytest.mark.parametrize("slug", ["", "Harbour", "a b", "../etc", "a--b", "a-", "ä", "x" * 61, "a/b"])
def test_createworkspace_wants_a_short_name(alice: User, command: Run, slug: str) -> None:
    assert "short name" in refusal(command, "createworkspace", slug, "--owner", "alice@example.org")
    assert not Workspace.objects.exists()


def test_createworkspace_refuses_a_taken_name(workspace: Workspace, command: Run) -> None:
    assert "Another workspace" in refusal(command, "createworkspace", "harbour", "--owner", "alice@example.org")


def test_createworkspace_wants_an_owner(installation: Installation, command: Run) -> None:
    assert "no person" in refusal(command, "createworkspace", "harbour", "--owner", "nobody@example.org")


def test_createkey_prints_the_key_alone(alice: User, workspace: Workspace, command: Run) -> None:
    printed = command("createkey", "--user", "alice@example.org", "--workspace", "harbour")
    found = find_key(printed.removesuffix("\n"))
    assert found is not None
    assert (found.user, found.workspace) == (alice, workspace)


@pytest.mark.parametrize(
    ("user", "slug"), [("charlie@example.org", "harbour"), ("alice@example.org", "nothing"), ("x@example.org", "harbour")]
)
def test_createkey_refuses(charlie: User, workspace: Workspace, command: Run, user: str, slug: str) -> None:
    assert " no " in refusal(command, "createkey", "--user", user, "--workspace", slug)
    assert not ApiKey.objects.exists()


def test_disableuser_and_enableuser(bob: User, workspace: Workspace, command: Run) -> None:
    assert "disabled" in command("disableuser", " Bob@example.org ")
    assert not User.objects.get(pk=bob.pk).is_active
    assert "can sign in again" in command("enableuser", "bob@example.org")
    assert User.objects.get(pk=bob.pk).is_active


@pytest.mark.parametrize("name", ["disableuser", "resetlink"])
def test_who_was_disabled_is_no_person_to_a_command(bob: User, workspace: Workspace, command: Run, name: str) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for email in ("bob@example.org", "nobody@example.org"):
        assert "There is no person" in refusal(command, name, email)


def test_enableuser_refuses_who_is_not_disabled(bob: User, command: Run) -> None:
    for email in ("bob@example.org", "nobody@example.org"):
        assert "There is no person" in refusal(command, "enableuser", email)


def test_resetlink_prints_the_link_alone(bob: User, command: Run, client: Client) -> None:
    printed = command("resetlink", "bob@example.org").removesuffix("\n")
    assert re.fullmatch(r"/reset/[\w-]{43}/", printed)
    assert client.get(printed).status_code == 302


def test_resetlink_knows_where_this_installation_answers(bob: User, command: Run, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "address").write_text("http://127.0.0.1:8000/\n")
    settings.HOME = replace(settings.HOME, path=tmp_path)
    assert command("resetlink", "bob@example.org").startswith("http://127.0.0.1:8000/reset/")


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_one_line_and_exit_1() -> None:
    words = [sys.executable, "manage.py", "createworkspace", "harbour", "--owner", "nobody@example.org"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_silent_database_is_one_line_and_exit_1() -> None:
    environment = os.environ | {"DATABASE_URL": "postgresql://gemmaweb@127.0.0.1:1/gemmaweb"}
    words = [sys.executable, "manage.py", "createkey", "--user", "a@example.org", "--workspace", "harbour"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "The database does not answer" in done.stderr
