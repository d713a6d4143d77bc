"""Questions to begin with, made from what the newest files have headings for."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.documents.examples import example_topics
from apps.documents.models import Document
from apps.workspaces.models import Workspace
from tests.conftest import signed_in
from tests.documents.conftest import Upload
from tests.documents.pdfs import lines, pdf_of

RULES = """# Rules of the harbour

Whoever moors here pays by the night.

## 1. Opening hours

The office is open from eight to five.

## 2. Guest berths

Guests lie at pier C, three nights at most, and pay before they leave.

- one
- two

| pier | nights |
| --- | --- |
| north | 3 |

> Quoted words

## 3. Lost keys

A new key costs ten euros.
"""
LEASE = pdf_of(
    lines("Lease of the boathouse", "", "Between the company of the harbour and the keeper of the boats."),
    lines("14.2 Term and notice", "Either party may end the lease with nine months' notice to the end of a", "quarter.", "Keys", "They"),
    lines("Harbour Company Ltd", "Der Kran ist", "Sonntags geschlossen, und auch an allen anderen Tagen, an denen es"),
    lines("Harbour Company Ltd", "12 . 45 . 17", "1,200.00"),
)


def headings(workspace: Workspace) -> list[str]:
    """The topics of the workspace's files."""
    return [topic.heading for topic in example_topics(Document.objects.filter(workspace=workspace))]


def test_headings_without_their_numbers(upload: Upload, workspace: Workspace) -> None:
    upload(RULES, name="rules.md")
    assert headings(workspace) == ["Opening hours", "Guest berths", "Lost keys"]


def test_a_page_s_short_lines_but_neither_its_head_nor_broken_sentences(upload: Upload, workspace: Workspace) -> None:
    upload(LEASE, name="lease.pdf")
    assert headings(workspace) == ["Lease of the boathouse", "Term and notice", "Keys"]


def test_of_several_files_the_newest_first(upload: Upload, workspace: Workspace) -> None:
    for name in ("Bells", "Lamps", "Ropes", "Sails"):
        upload(
            f"# {name}\n\nOf all sorts.\n\n## Care of {name.lower()}\n\nDaily.\n\n## Repair of {name.lower()}\n\nNever.\n",
            name=f"{name}.md",
        )
    topics = example_topics(Document.objects.filter(workspace=workspace))
    assert [topic.document for topic in topics] == ["Sails", "Ropes", "Lamps"]
    assert [topic.heading for topic in topics] == ["Care of sails", "Care of ropes", "Care of lamps"]


@pytest.mark.parametrize("text", ["One sentence, and no heading at all.", "a,b\n1,2\n3,4", " \n"])
def test_none_where_nothing_has_a_heading(upload: Upload, workspace: Workspace, text: str) -> None:
    upload(text, name="notes.txt")
    assert headings(workspace) == []


def test_the_empty_conversation_offers_them(upload: Upload, workspace: Workspace, bob: User) -> None:
    upload(RULES, name="rules.md")
    browser = signed_in(bob)
    for address in ("/w/harbour/", "/w/harbour/examples/"):
        assert 'data-question="What is said about “Guest berths”?"' in browser.get(address).content.decode()
    Document.objects.update(deleted_at="2026-01-01T00:00Z")
    assert "data-question" not in browser.get("/w/harbour/").content.decode()


def test_an_archived_workspace_offers_none(upload: Upload, workspace: Workspace, bob: User) -> None:
    upload(RULES, name="rules.md")
    Workspace.objects.update(archived_at="2026-01-01T00:00Z")
    assert "data-question" not in signed_in(bob).get("/w/harbour/examples/").content.decode()


def test_strangers_learn_of_no_heading(upload: Upload, charlie: User, client: Client) -> None:
    upload(RULES, name="rules.md")
    assert signed_in(charlie).get("/w/harbour/examples/").status_code == 404
    assert client.get("/w/harbour/examples/").status_code == 302
