"""Two teams on one machine: nothing that one has counts, shows or weighs for the other."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.documents import frames
from apps.documents.models import Chunk, ChunkTerms, Document, DocumentVersion, Vocabulary, WorkspaceIndex
from apps.documents.search import find_passages
from apps.workspaces.models import Workspace
from tests.conftest import signed_in
from tests.documents.indexed import add, index, make_version

SHIP = "The ship and the other ship are in the harbour."


@pytest.fixture
def elsewhere(charlie: User) -> Workspace:
    """Charlie's workspace."""
    return Workspace.objects.get(slug="elsewhere")


def counted(workspace: Workspace) -> tuple[int, dict[str, int], dict[str, int]]:
    """Chunks, documents by language and terms, as the index has them."""
    row = WorkspaceIndex.objects.get(workspace=workspace)
    return row.chunks, row.languages, dict(Vocabulary.objects.filter(workspace=workspace).values_list("term", "df"))


def test_each_counts_its_own(workspace: Workspace, elsewhere: Workspace) -> None:
    add(workspace, "one.txt", SHIP)
    add(elsewhere, "two.txt", "The ship is at sea.")
    assert counted(workspace) == (1, {"en": 1}, {"ship": 1, "harbour": 1})
    assert counted(elsewhere) == (1, {"en": 1}, {"ship": 1, "sea": 1})


def test_what_one_takes_away_the_other_keeps(workspace: Workspace, elsewhere: Workspace) -> None:
    version = make_version(workspace, "one.txt", SHIP)
    index(version, SHIP)
    add(elsewhere, "two.txt", SHIP)
    index(version, "")
    assert counted(workspace) == (0, {}, {})
    assert counted(elsewhere) == (1, {"en": 1}, {"ship": 1, "harbour": 1})
    assert find_passages(workspace, "ship in the harbour", 5).hits == []
    assert len(find_passages(elsewhere, "ship in the harbour", 5).hits) == 1


def test_a_rare_word_is_not_made_common_by_others(workspace: Workspace, elsewhere: Workspace) -> None:
    add(workspace, "one.txt", SHIP)
    alone = find_passages(workspace, "harbour", 5).hits
    for number in range(20):
        add(elsewhere, f"{number}.txt", f"{SHIP} And number {number}.")
    beside_others = find_passages(workspace, "harbour", 5).hits
    assert [(hit.document_id, hit.score) for hit in beside_others] == [(hit.document_id, hit.score) for hit in alone]


def test_a_typing_mistake_is_mended_by_ones_own_words_only(workspace: Workspace, elsewhere: Workspace) -> None:
    add(workspace, "one.txt", "The crane lifts containers.")
    add(elsewhere, "two.txt", SHIP)
    assert find_passages(workspace, "harbuor", 5).hits == []
    assert len(find_passages(elsewhere, "harbuor", 5).hits) == 1


def test_terms_are_salted_by_workspace(workspace: Workspace, elsewhere: Workspace) -> None:
    for team in (workspace, elsewhere):
        add(team, "one.txt", SHIP)
    ours, theirs = (set(ChunkTerms.objects.get(workspace=team).terms) for team in (workspace, elsewhere))
    assert ours.isdisjoint(theirs)


def test_each_is_told_of_its_own_files_in_its_own_room(workspace: Workspace, elsewhere: Workspace) -> None:
    document = add(workspace, "one.txt", SHIP)
    fresh = Document.objects.select_related("workspace", "current").get(pk=document.pk)
    assert frames.document_frame(fresh)["workspace"] == "harbour"
    assert frames.room(workspace.pk) != frames.room(elsewhere.pk)


def test_neither_sees_rows_of_the_other(workspace: Workspace, elsewhere: Workspace, alice: User, charlie: User) -> None:
    ours, theirs = add(workspace, "one.txt", SHIP), add(elsewhere, "two.txt", SHIP)
    for person, document in ((alice, ours), (charlie, theirs)):
        assert Document.objects.visible_to(person).get() == document
        assert DocumentVersion.objects.visible_to(person).get().document == document


def test_each_shelf_is_asked_for_its_own(workspace: Workspace, elsewhere: Workspace, alice: User, charlie: User) -> None:
    add(workspace, "one.txt", SHIP)
    add(elsewhere, "two.txt", SHIP)
    for person, slug, name in ((alice, "harbour", "one.txt"), (charlie, "elsewhere", "two.txt")):
        shown = signed_in(person).get(f"/w/{slug}/documents/").context["shelf"].page.rows
        assert [document.name for document in shown] == [name]


def test_with_a_workspace_goes_all_that_it_had_and_nothing_else(workspace: Workspace, elsewhere: Workspace) -> None:
    add(workspace, "one.txt", SHIP)
    add(elsewhere, "two.txt", SHIP)
    workspace.delete()
    assert counted(elsewhere) == (1, {"en": 1}, {"ship": 1, "harbour": 1})
    assert (Chunk.objects.count(), ChunkTerms.objects.count(), WorkspaceIndex.objects.count()) == (1, 1, 1)
