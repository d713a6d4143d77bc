"""Search by words and by meaning together, with real models; and by words alone where they do not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.documents import meaning, tasks
from apps.documents.models import ChunkVector
from apps.documents.search import find_passages
from apps.inference import finding
from apps.inference.engines.base import EngineUnavailable
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace
from tests.conftest import make_workspace
from tests.documents.indexed import add
from tests.finder_writer import FinderShape
from tests.finding import install_finder, opened_desk

pytestmark = pytest.mark.django_db(transaction=True)
HARBOUR = "The harbour closes at nine in the evening. Boats that come later wait outside until morning."
CATS = "The cats of the island sleep on the warm stones. Nobody owns them, and everybody feeds them."


@pytest.fixture
def shelf(workspace: Workspace) -> Workspace:
    """The team's workspace with two files."""
    add(workspace, "harbour.txt", HARBOUR)
    add(workspace, "cats.txt", CATS)
    return workspace


@pytest.fixture
def embedder(shelf: Workspace, tmp_path: Path) -> Iterator[InstalledModel]:
    """An embedder in use that has read both, and a worker that listens."""
    model = install_finder(tmp_path)
    with opened_desk():
        tasks.embed()
        yield model


def names(workspace: Workspace, question: str) -> list[str]:
    return [hit.document_name for hit in find_passages(workspace, question, 10).hits]


def test_meaning_finds_what_no_word_finds(shelf: Workspace, embedder: InstalledModel) -> None:
    assert finding.embed_question(embedder, "zz")
    found = find_passages(shelf, "the of and", 10)  # words that are left out of every index
    assert {hit.document_name for hit in found.hits} == {"harbour.txt", "cats.txt"}
    assert (found.relevance, found.notes) == (0, ())


def test_words_and_meaning_agree(shelf: Workspace, embedder: InstalledModel) -> None:
    found = find_passages(shelf, HARBOUR, 10)
    assert [hit.document_name for hit in found.hits] == ["harbour.txt", "cats.txt"]
    assert found.hits[0].score == pytest.approx(1)
    assert 0.2 < found.relevance <= 1


def test_the_raw_score_of_words_is_what_it_was(shelf: Workspace, embedder: InstalledModel) -> None:
    both = find_passages(shelf, "harbour", 10).relevance
    InstalledModel.objects.update(is_active=False)
    assert both == pytest.approx(find_passages(shelf, "harbour", 10).relevance, rel=0.3)


def test_a_new_file_is_found_before_its_vectors_are_there(shelf: Workspace, embedder: InstalledModel) -> None:
    add(shelf, "lamp.txt", "The lighthouse has a lamp.")
    assert ChunkVector.objects.count() == 2
    assert names(shelf, "Which lamp has the lighthouse?")[0] == "lamp.txt"


def test_another_workspace_is_not_looked_into(shelf: Workspace, embedder: InstalledModel, charlie: User) -> None:
    theirs = make_workspace("theirs", owner=charlie)
    add(theirs, "own.txt", HARBOUR)
    tasks.embed()
    assert names(theirs, "cats on the island") == ["own.txt"]
    assert "own.txt" not in names(shelf, "When does the harbour close?")


def test_words_alone_answer_where_the_embedder_is_silent(
    shelf: Workspace, embedder: InstalledModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def silent(*_: object) -> None:
        asked.append(1)
        raise EngineUnavailable("It is busy.")

    monkeypatch.setattr(finding, "embed_question", silent)
    for _ in range(2):
        found = find_passages(shelf, "When does the harbour close?", 10)
        assert found.hits[0].document_name == "harbour.txt"
        assert found.notes == ("words_alone",)
    assert len(asked) == 1  # nobody else waits for it meanwhile
    assert "goes on without finder (It is busy.)" in caplog.text


def test_after_a_rest_it_is_asked_again(shelf: Workspace, embedder: InstalledModel) -> None:
    meaning._resting[embedder.pk] = 0.0
    assert find_passages(shelf, "harbour", 10).notes == ()


def test_a_reranker_has_the_last_word(shelf: Workspace, embedder: InstalledModel, tmp_path: Path) -> None:
    reranker = install_finder(tmp_path, FinderShape(name="reranker", ranks=True))
    question = "When does the harbour close?"
    scores = finding.rerank(reranker, question, [HARBOUR, CATS])
    hits = find_passages(shelf, question, 10).hits
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores, reverse=True), abs=1e-2)
    best = "harbour.txt" if scores[0] > scores[1] else "cats.txt"
    assert hits[0].document_name == best


def test_what_the_reranker_does_not_read_stands_behind(
    shelf: Workspace, embedder: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_finder(tmp_path, FinderShape(name="reranker", ranks=True))
    monkeypatch.setattr("apps.documents.search.RERANKED", 1)
    hits = find_passages(shelf, "When does the harbour close?", 10).hits
    assert [hit.document_name for hit in hits] == ["harbour.txt", "cats.txt"]
    assert hits[0].score > hits[1].score


def test_a_silent_reranker_leaves_the_order(
    shelf: Workspace, embedder: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_finder(tmp_path, FinderShape(name="reranker", ranks=True))

    def silent(*_: object) -> None:
        raise EngineUnavailable("It is busy.")

    monkeypatch.setattr(finding, "rerank", silent)
    found = find_passages(shelf, "When does the harbour close?", 10)
    assert (found.hits[0].document_name, found.notes) == ("harbour.txt", ("not_reranked",))


def test_without_its_vectors_an_embedder_is_not_asked(shelf: Workspace, tmp_path: Path) -> None:
    install_finder(tmp_path)
    assert find_passages(shelf, "harbour", 10).notes == ()


def test_it_takes_five_queries_however_many_files(
    shelf: Workspace, embedder: InstalledModel, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        add(shelf, f"{number}.txt", f"Berth {number} of the harbour is free.")
    with django_assert_max_num_queries(5):
        assert find_passages(shelf, "Is a berht of the hrabour free?", 50).hits


def test_the_index_of_terms_finds_the_same(shelf: Workspace, embedder: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = find_passages(shelf, "Do the cats wait outside the harbour?", 10)
    monkeypatch.setattr("apps.documents.search.TERMS_INDEX_FROM_CHUNKS", 1)
    assert find_passages(shelf, "Do the cats wait outside the harbour?", 10) == scanned
