"""The shelf: narrowed, sorted and turned over page by page; and what is done to the documents that were chosen there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.documents import listing
from apps.documents.models import Document, DocumentVersion
from apps.workspaces.models import Role, Workspace
from tests.conftest import make_person, make_workspace, signed_in
from tests.documents.conftest import Upload, current
from tests.documents.files import pdf

PAGE, ROWS, SELECTED = "/w/harbour/documents/", "/w/harbour/documents/rows/", "/w/harbour/documents/selected/"
Post = Callable[..., Any]


def shown(browser: Client, **asked: str) -> list[str]:
    """The names of the documents that the shelf shows, in order."""
    return [document.name for document in browser.get(PAGE, asked).context["shelf"].page.rows]


@pytest.fixture
def post(alice: User) -> Post:
    """Posts to the shelf as Alice's script does, or as `by`; gives the status and the JSON."""

    def send(act: str, *, by: User = alice, **fields: str) -> tuple[int, Any]:
        answer = signed_in(by).post(SELECTED, {"act": act, **fields}, headers={"accept": "application/json"})
        return answer.status_code, answer.json()

    return send


@pytest.fixture
def five(upload: Upload) -> dict[str, Document]:
    """A file in each state, and one with a warning."""
    made = {
        "ready.txt": upload("The heron.", name="ready.txt"),
        "failed.pdf": upload(b"%PDF-broken", name="failed.pdf"),
        "warning.pdf": upload(pdf("Some words stand here.", "", "And some there."), name="warning.pdf"),
        "queued.txt": upload("Not yet.", name="queued.txt", read=False),
        "indexing.txt": upload("Nor this.", name="indexing.txt", read=False),
    }
    DocumentVersion.objects.filter(document=made["indexing.txt"]).update(status="indexing")
    return made


def test_the_team_sees_the_shelf(upload: Upload, bob: User) -> None:
    upload()
    page = signed_in(bob).get(PAGE)
    assert page.status_code == 200
    assert b"lease.txt" in page.content


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("harbour", ["lease.html"]), ("LEASE", ["lease.html"]), (" lease \x00", ["lease.html"]), ("  ", ["notes.txt", "lease.html"]),
        ("100%", []), ("l_ase", []), ("x" * 10_000, []),
    ],
)  # fmt: skip
def test_it_looks_at_names_and_titles(upload: Upload, alice: User, query: str, names: list[str]) -> None:
    upload("<title>Harbour contract</title><p>A page of some words.</p>", name="lease.html")
    upload("other", name="notes.txt", read=False)
    assert shown(signed_in(alice), q=query) == names


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("", ["indexing.txt", "queued.txt", "warning.pdf", "failed.pdf", "ready.txt"]),
        ("reading", ["indexing.txt", "queued.txt"]),
        ("ready", ["warning.pdf", "ready.txt"]),
        ("warnings", ["warning.pdf"]),
        ("failed", ["failed.pdf"]),
        ("nonsense", ["indexing.txt", "queued.txt", "warning.pdf", "failed.pdf", "ready.txt"]),
    ],
)
def test_it_is_narrowed_by_state(five: dict[str, Document], alice: User, state: str, names: list[str]) -> None:
    assert shown(signed_in(alice), state=state) == names


def test_each_state_has_its_number_under_the_words(five: dict[str, Document], alice: User) -> None:
    shelf = signed_in(alice).get(PAGE, {"q": ".txt", "state": "ready"}).context["shelf"]
    assert [(state.value, number) for state, number in shelf.states] == [
        ("", 3), ("reading", 2), ("ready", 1), ("warnings", 0), ("failed", 0),
    ]  # fmt: skip
    assert (shelf.total, len(shelf.page.rows)) == (1, 1)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("-added", ["c.txt", "B.txt", "a.txt"]),
        ("added", ["a.txt", "B.txt", "c.txt"]),
        ("name", ["a.txt", "B.txt", "c.txt"]),
        ("-name", ["c.txt", "B.txt", "a.txt"]),
        ("size", ["a.txt", "c.txt", "B.txt"]),
        ("-size", ["B.txt", "c.txt", "a.txt"]),
        ("id; DROP TABLE", ["c.txt", "B.txt", "a.txt"]),
    ],
)
def test_it_is_sorted(upload: Upload, alice: User, sort: str, names: list[str]) -> None:
    for name, text in (("a.txt", "x"), ("B.txt", "xxx"), ("c.txt", "xx")):
        upload(text, name=name, read=False)
    assert shown(signed_in(alice), sort=sort) == names


@pytest.mark.parametrize("sort", ["-added", "added", "name", "-name", "size", "-size"])
def test_every_document_comes_once_on_the_way_through_the_pages(
    upload: Upload, alice: User, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE_ROWS", 3)
    for number in range(8):
        upload(f"text {number}", name=f"{number % 3}.txt", read=False)
    browser, asked, seen = signed_in(alice), {"sort": sort}, list[object]()
    while True:
        page = browser.get(PAGE, asked).context["shelf"].page
        seen += [document.pk for document in page.rows]
        if not page.after:
            break
        asked = {"sort": sort, "after": page.after}
    assert len(seen) == len(set(seen)) == 8
    assert [document.pk for document in browser.get(PAGE, {"sort": sort, "before": page.before}).context["shelf"].page.rows] == seen[3:6]


def test_the_page_says_what_leads_on(upload: Upload, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_ROWS", 2)
    for number in range(5):
        upload(f"text {number}", name=f"file {number}.txt", read=False)
    first = signed_in(alice).get(PAGE, {"q": "file"})
    after = first.context["shelf"].page.after
    assert f'href="{PAGE}?q=file&amp;after={after}"' in first.content.decode()
    second = signed_in(alice).get(PAGE, {"q": "file", "after": after})
    assert f"?q=file&amp;before={second.context['shelf'].page.before}" in second.content.decode()


def test_the_rows_come_alone_as_a_part(five: dict[str, Document], alice: User) -> None:
    part = signed_in(alice).get(ROWS, {"state": "failed"})
    assert b"<html" not in part.content
    assert b"failed.pdf" in part.content
    assert b"ready.txt" not in part.content


def test_each_of_a_persons_workspaces_has_its_own_shelf(upload: Upload, alice: User) -> None:
    upload(read=False)
    make_workspace("second", owner=alice)
    shelf = signed_in(alice).get("/w/second/documents/").context["shelf"]
    assert (shelf.page.rows, shelf.total) == ([], 0)


def test_an_empty_shelf_says_what_to_do(workspace: Workspace, alice: User) -> None:
    page = signed_in(alice).get(PAGE).content.decode()
    assert "Nothing on the shelf yet" in page
    assert "Choose files" in page
    assert "No document fits" in signed_in(alice).get(PAGE, {"q": "whale"}).content.decode()


def test_a_viewer_has_nothing_to_add_or_choose(upload: Upload, workspace: Workspace) -> None:
    upload(b"%PDF-broken", name="bad.pdf")
    viewer = make_person("Viewer")
    workspace.memberships.create(user=viewer, role=Role.VIEWER)
    page = signed_in(viewer).get(PAGE).content.decode()
    for forbidden in ('type="file"', "Add files", 'type="checkbox"', "document-retry", "menu-item bad", "Stop reading", "several-count"):
        assert forbidden not in page
    assert "Download" in page


def test_limits_are_said_before_a_file_is_sent(workspace: Workspace, alice: User) -> None:
    page = signed_in(alice).get(PAGE).content.decode()
    assert "up to 100 MB each" in page
    assert 'data-max-mb="100"' in page
    assert "PDF, Word" in page


@pytest.mark.parametrize(("asked", "queries"), [({}, 0), ({"q": "x", "sort": "name"}, 0)])
def test_the_number_of_queries_does_not_grow_with_the_documents(
    upload: Upload, alice: User, asked: dict[str, str], queries: int, django_assert_max_num_queries: Any
) -> None:
    browser = signed_in(alice)
    browser.get(PAGE, asked)
    for number in range(12):
        upload(f"x {number}", name=f"x {number}.txt", read=False)
    with django_assert_max_num_queries(12):
        browser.get(ROWS, asked)


def test_chosen_documents_are_deleted_and_brought_back(five: dict[str, Document], post: Post, alice: User) -> None:
    chosen = ",".join(str(five[name].pk) for name in ("ready.txt", "failed.pdf"))
    status, done = post("delete", document=chosen)
    assert (status, done["count"]) == (200, 2)
    assert shown(signed_in(alice)) == ["indexing.txt", "queued.txt", "warning.pdf"]
    assert post("restore", removed_at=done["removed_at"]) == (200, {"count": 2})
    assert len(shown(signed_in(alice))) == 5


def test_all_that_fit_the_filter_are_deleted_and_no_other(five: dict[str, Document], post: Post, alice: User) -> None:
    assert post("delete", all="1", q="PDF", state="failed")[1]["count"] == 1
    assert shown(signed_in(alice)) == ["indexing.txt", "queued.txt", "warning.pdf", "ready.txt"]


def test_chosen_documents_are_read_again(five: dict[str, Document], post: Post) -> None:
    assert post("read", document=str(five["failed.pdf"].pk)) == (200, {"count": 1})
    assert current(five["failed.pdf"]).status == "queued"
    assert post("read", document=str(five["queued.txt"].pk)) == (200, {"count": 0})


def test_the_line_is_stopped_read_on_and_tried_again(five: dict[str, Document], post: Post) -> None:
    assert post("stop") == (200, {"count": 2})
    assert current(five["queued.txt"]).reason_code == "stopped"
    assert post("read_on") == (200, {"count": 2})
    assert post("retry") == (200, {"count": 1})
    assert {name: current(document).status for name, document in five.items()} == {
        "ready.txt": "ready", "failed.pdf": "queued", "warning.pdf": "ready", "queued.txt": "queued", "indexing.txt": "queued",
    }  # fmt: skip


def test_without_scripts_the_shelf_comes_again_and_says_what_was_done(five: dict[str, Document], alice: User) -> None:
    form = {"act": "delete", "document": [str(five[name].pk) for name in ("ready.txt", "failed.pdf")]}
    page = signed_in(alice).post(SELECTED, form, headers={"accept": "text/html"}, follow=True)
    assert page.redirect_chain == [(PAGE, 302)]
    assert b"Done with 2 documents." in page.content
    assert b"ready.txt" not in page.content


@pytest.mark.parametrize(
    "fields",
    [
        {"act": "dance"},
        {},
        {"act": "restore"},
        {"act": "restore", "removed_at": "yesterday"},
        {"act": "restore", "removed_at": "2026-13-45T99:00:00+00:00"},
        {"act": "restore", "removed_at": "2026-01-01T00:00:00"},
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(workspace: Workspace, alice: User, fields: dict[str, str]) -> None:
    answer = signed_in(alice).post(SELECTED, fields, headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"]


@pytest.mark.parametrize("document", ["", "x", ",,", "0190a000-0000-7000-8000-000000000000", "' OR 1=1"])
def test_what_names_no_document_does_nothing(five: dict[str, Document], post: Post, alice: User, document: str) -> None:
    assert post("delete", document=document)[1]["count"] == 0
    assert len(shown(signed_in(alice))) == 5


def test_a_document_of_another_workspace_cannot_be_named(five: dict[str, Document], post: Post, charlie: User) -> None:
    make_workspace("own", owner=charlie)
    answer = signed_in(charlie).post(
        "/w/own/documents/selected/", {"act": "delete", "document": str(five["ready.txt"].pk)}, headers={"accept": "application/json"}
    )
    assert answer.json()["count"] == 0
    assert post("delete", by=charlie, document=str(five["ready.txt"].pk))[0] == 404
    assert Document.objects.filter(deleted_at=None).count() == 5


@pytest.mark.parametrize("act", ["delete", "restore", "read", "retry", "stop", "read_on"])
def test_a_viewer_is_told_no(five: dict[str, Document], post: Post, workspace: Workspace, act: str) -> None:
    viewer = make_person("Viewer")
    workspace.memberships.create(user=viewer, role=Role.VIEWER)
    status, answer = post(act, by=viewer, document=str(five["ready.txt"].pk), removed_at="2026-01-01T00:00:00+00:00")
    assert (status, answer["error"]["code"]) == (403, "forbidden")


def test_it_takes_posts_from_our_own_pages_only(workspace: Workspace, alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.post(SELECTED, {"act": "stop"}).status_code == 403
    assert browser.get(SELECTED).status_code == 405
