"""The administrator's pages of workspaces: names, people and numbers, and nothing that is in them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.chat.models import Conversation
from apps.chat.services import ask
from apps.documents.services import remove, store_upload
from apps.workspaces.models import Membership, Role, Workspace
from gemmaweb.overview import Row
from tests.conftest import make_person, make_workspace, signed_in
from tests.workspaces.administrators import make_root, recorded, role_of, root

__all__ = ["root"]
PAGE = "/admin/workspaces/"


@pytest.fixture
def browser(root: User) -> Client:
    """The administrator's browser."""
    return signed_in(root)


def rows(browser: Client, query: str = "") -> list[Row]:
    found: list[Row] = browser.get(f"{PAGE}{query}").context["found"].rows
    return found


def names(browser: Client, query: str = "") -> list[str]:
    return [row.workspace.name for row in rows(browser, query)]


def put(workspace: Workspace, person: User, name: str, content: bytes) -> Any:
    return store_upload(workspace=workspace, added_by=person, name=name, file=SimpleUploadedFile(name, content))


def test_it_tells_how_much_there_is(browser: Client, alice: User, workspace: Workspace) -> None:
    put(workspace, alice, "lease.txt", b"x" * 1000)
    remove(document=put(workspace, alice, "old.txt", b"y" * 500), removed_by=alice)
    asked = ask(workspace=workspace, conversation=None, asked_by=alice, text="When?", key="k").conversation
    [row] = rows(browser)
    assert (row.people, row.documents, row.size_bytes, row.last_used_at) == (2, 1, 1500, asked.updated_at)


def test_an_unused_one_has_nothing(browser: Client, workspace: Workspace) -> None:
    [row] = rows(browser)
    assert (row.documents, row.size_bytes, row.last_used_at) == (0, 0, None)


@pytest.mark.parametrize("path", ["", "?kind=personal", "{pk}/"])
def test_it_tells_nothing_of_what_is_in_it(browser: Client, alice: User, workspace: Workspace, path: str) -> None:
    put(workspace, alice, "salaries.txt", b"secret")
    Conversation.objects.create(workspace=workspace, author=alice, title="Whom to dismiss")
    page = browser.get(PAGE + path.format(pk=workspace.pk)).content.decode()
    assert ("salaries" in page, "Whom to dismiss" in page) == (False, False)


def test_an_administrator_opens_none_that_is_not_theirs(browser: Client, workspace: Workspace) -> None:
    for path in ("/w/harbour/", "/w/harbour/documents/", "/w/harbour/people/", "/w/harbour/settings/"):
        assert browser.get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Harbour", "Quay"]),
        ("arb", ["Harbour"]),
        ("QUAY", ["Quay"]),
        ("%", []),
        ("a\0rb", ["Harbour"]),
        ("x" * 5000, []),
        ("' OR 1=1 --", []),
    ],
)
def test_it_is_searched_by_name(browser: Client, workspace: Workspace, query: str, found: list[str]) -> None:
    make_workspace("quay", owner=make_person("Q"))
    assert names(browser, f"?q={quote(query)}") == found


def test_it_is_narrowed_by_kind(browser: Client, alice: User, workspace: Workspace) -> None:
    gone = make_person("Gone")
    for slug, owner, change in (
        ("own", alice, {"is_personal": True}),
        ("old", alice, {"archived_at": timezone.now()}),
        ("lost", gone, {}),
        ("none", None, {}),
        ("deleted", alice, {"deleted_at": timezone.now()}),
    ):
        made = make_workspace(slug, **({"owner": owner} if owner else {}))
        Workspace.objects.filter(pk=made.pk).update(**change)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert names(browser) == ["Harbour", "Lost", "None", "Old"]
    assert names(browser, "?kind=orphans") == ["Lost", "None"]
    assert names(browser, "?kind=archived") == ["Old"]
    assert names(browser, "?kind=personal") == ["Own"]
    assert [number for _kind, number in browser.get(PAGE).context["found"].kinds] == [4, 2, 1, 1]


def test_every_page_is_reached(browser: Client) -> None:
    Workspace.objects.bulk_create(Workspace(slug=f"w-{number:03}", name=f"W {number:03}") for number in range(120))
    found, path = [], PAGE
    while path:
        answer = browser.get(path)
        found += [row.workspace.slug for row in answer.context["found"].rows]
        after = answer.context["found"].page.after
        path = f"{PAGE}?after={after}" if after else ""
    assert found == [f"w-{number:03}" for number in range(120)]


def test_more_workspaces_cost_no_more_queries(browser: Client, alice: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(PAGE)
        return len(captured)

    def add(numbers: range) -> None:
        for number in numbers:
            put(make_workspace(f"w-{number}", owner=alice), alice, "a.txt", b"a")

    add(range(2))
    queries()
    few = queries()
    add(range(2, 20))
    assert queries() == few


def test_the_number_of_people_leads_to_them(browser: Client, workspace: Workspace) -> None:
    assert '/admin/people/?workspace=harbour">2</a>' in browser.get(PAGE).content.decode()


def test_one_is_made_for_somebody(browser: Client, root: User, bob: User) -> None:
    answer = browser.post(f"{PAGE}new/", {"name": "Night shift", "owner": "Bob@example.org"})
    made = Workspace.objects.get(slug="night-shift")
    assert answer.headers["Location"] == f"{PAGE}{made.pk}/"
    assert (role_of(bob, made), role_of(root, made)) == (Role.OWNER, None)


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"name": "x" * 101}, {"name": "a\0b"}, {"owner": ""}, {"owner": "bob"}, {"owner": "nobody@example.org"}]
)
def test_a_bad_entry_makes_none(browser: Client, bob: User, change: dict[str, str]) -> None:
    answer = browser.post(f"{PAGE}new/", {"name": "Night shift", "owner": "bob@example.org"} | change)
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, list(change))
    assert not Workspace.objects.filter(slug="night-shift").exists()


def test_a_disabled_person_gets_none(browser: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert "Nobody who can sign in" in browser.post(f"{PAGE}new/", {"name": "X", "owner": bob.email}).content.decode()


def test_an_orphan_gets_an_owner(browser: Client, root: User, alice: User, bob: User, workspace: Workspace) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    path = f"{PAGE}{workspace.pk}/"
    assert "Nobody who can sign in owns this workspace" in browser.get(path).content.decode()
    assert "Bob has a place" in browser.post(path, {"email": bob.email, "role": "owner"}, follow=True).content.decode()
    assert role_of(bob, workspace) == Role.OWNER
    assert "Nobody who can sign in owns this workspace" not in browser.get(path).content.decode()
    assert recorded()[-1] == ("member.role", root.email, str(bob.pk))


@pytest.mark.parametrize("fields", [{}, {"email": "bob@example.org", "role": "king"}, {"email": "nobody@example.org", "role": "owner"}])
def test_a_wrong_form_gives_no_place(browser: Client, bob: User, workspace: Workspace, fields: dict[str, str]) -> None:
    assert browser.post(f"{PAGE}{workspace.pk}/", fields).status_code == 200
    assert role_of(bob, workspace) == Role.MEMBER


def test_the_last_owner_stays(browser: Client, alice: User, workspace: Workspace) -> None:
    page = browser.post(f"{PAGE}{workspace.pk}/", {"email": alice.email, "role": "viewer"}).content.decode()
    assert "keeps at least one owner" in page
    assert role_of(alice, workspace) == Role.OWNER


def test_a_personal_one_stays_its_owners(browser: Client, alice: User, bob: User) -> None:
    own = make_workspace("own", owner=alice)
    Workspace.objects.filter(pk=own.pk).update(is_personal=True)
    assert browser.get(f"{PAGE}{own.pk}/").status_code == 200
    assert browser.post(f"{PAGE}{own.pk}/", {"email": bob.email, "role": "owner"}).status_code == 200
    assert Membership.objects.filter(workspace=own).count() == 1


def test_a_deleted_one_is_not_found(browser: Client, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=timezone.now())
    assert browser.get(f"{PAGE}{workspace.pk}/").status_code == 404


@pytest.mark.parametrize("path", ["", "new/", "{pk}/"])
def test_an_owner_of_a_team_finds_nothing_here(alice: User, workspace: Workspace, path: str) -> None:
    browser = signed_in(alice)
    assert browser.get(PAGE + path.format(pk=workspace.pk)).status_code == 404
    assert browser.post(PAGE + path.format(pk=workspace.pk), {"name": "X", "owner": alice.email}).status_code in {404, 405}
    assert Workspace.objects.count() == 1


def test_two_administrators_see_the_same(browser: Client, workspace: Workspace) -> None:
    assert names(browser) == names(signed_in(make_root("Other"))) == ["Harbour"]
