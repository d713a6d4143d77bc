"""What search needs is written and removed together, and the counts stay right whoever comes second."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.documents.indexing import forget_chunks, hide_chunks, replace_chunks
from apps.documents.models import Chunk, ChunkTerms, Document, DocumentVersion, Vocabulary, WorkspaceIndex
from apps.documents.postings import dimension, distance, near_hashes, salted, sparse_literal
from apps.documents.ranking import CHUNK_TERMS, chunk_weights, idf, saturation
from apps.documents.search import find_passages
from apps.workspaces.models import Workspace
from tests.documents.indexed import add, index, make_version


def vocabulary(workspace: Workspace) -> dict[str, int]:
    return dict(Vocabulary.objects.filter(workspace=workspace).values_list("term", "df"))


def counts(workspace: Workspace) -> tuple[int, dict[str, int]]:
    row = WorkspaceIndex.objects.get(workspace=workspace)
    return row.chunks, row.languages


def test_it_counts_chunks_terms_and_languages(workspace: Workspace) -> None:
    add(workspace, "one.txt", "The ship and the other ship are in the harbour.")
    add(workspace, "two.txt", "The ship is at sea.")
    assert vocabulary(workspace) == {"ship": 2, "harbour": 1, "sea": 1}
    assert counts(workspace) == (2, {"en": 2})
    assert ChunkTerms.objects.filter(workspace=workspace).count() == 2


def test_a_chunk_keeps_its_place_and_span(workspace: Workspace) -> None:
    text = "The ship is at sea. " * 100
    version = index(make_version(workspace, "one.txt", text), text)
    chunks = Chunk.objects.filter(version=version).order_by("ordinal")
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.text == text[chunk.start : chunk.end] and chunk.page == 1 and chunk.place == "p. 1" for chunk in chunks)


def test_replacing_leaves_nothing_of_the_old_text(workspace: Workspace) -> None:
    version = make_version(workspace, "one.txt", "The ship is at sea.")
    index(version, "The ship is at sea.")
    index(version, "The ship is in the harbour.")
    assert vocabulary(workspace) == {"ship": 1, "harbour": 1}
    assert counts(workspace) == (1, {"en": 1})
    assert find_passages(workspace, "sea", 10).hits == []


def test_a_new_version_in_another_language_moves_the_document(workspace: Workspace) -> None:
    document = add(workspace, "one.txt", "The ship is at sea.")
    text = "Das Schiff ist auf dem Meer."
    second = DocumentVersion.objects.create(
        workspace=workspace, document=document, number=2, sha256="1" * 64, size_bytes=1, storage_key="2", language="de"
    )
    index(second, text)
    assert vocabulary(workspace) == {"schiff": 1, "meer": 1}
    assert counts(workspace) == (1, {"de": 1})


def test_removing_takes_the_document_out_of_search(workspace: Workspace) -> None:
    document = add(workspace, "one.txt", "The ship is at sea.")
    add(workspace, "two.txt", "The ship is in the harbour.")
    hide_chunks(documents=[document.pk])
    assert [hit.document_name for hit in find_passages(workspace, "ship sea", 10).hits] == ["two.txt"]


def test_a_removed_document_is_forgotten_once(workspace: Workspace) -> None:
    document = add(workspace, "one.txt", "The ship is at sea.")
    add(workspace, "two.txt", "The ship is in the harbour.")
    Document.objects.filter(pk=document.pk).update(deleted_at=Now())
    forget_chunks(pk=document.pk)
    forget_chunks(pk=document.pk)
    assert vocabulary(workspace) == {"ship": 1, "harbour": 1}
    assert counts(workspace) == (1, {"en": 1})
    assert Chunk.objects.count() == ChunkTerms.objects.count() == 1


def test_a_document_that_is_back_is_not_forgotten(workspace: Workspace) -> None:
    document = add(workspace, "one.txt", "The ship is at sea.")
    forget_chunks(pk=document.pk)
    assert counts(workspace) == (1, {"en": 1})


def test_a_version_without_text_leaves_an_empty_index(workspace: Workspace) -> None:
    version = make_version(workspace, "one.txt", "")
    assert replace_chunks(version=version, pieces=[], labels={}) == 0
    assert counts(workspace) == (0, {})


def test_an_error_half_way_leaves_no_trace(workspace: Workspace) -> None:
    version = index(make_version(workspace, "one.txt", "The ship is at sea."), "The ship is at sea.")
    with pytest.raises(ZeroDivisionError):
        replace_chunks(version=version, pieces=(1 // 0 for _ in range(1)), labels={})  # type: ignore[misc]
    assert vocabulary(workspace) == {"ship": 1, "sea": 1}
    assert find_passages(workspace, "sea", 10).hits


def test_many_batches_are_one_document(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.documents.indexing.BATCH_PIECES", 2)
    text = "\n\n".join(f"Berth {number} is free. " * 40 for number in range(7))
    version = index(make_version(workspace, "one.txt", text), text)
    assert counts(workspace)[0] == Chunk.objects.filter(version=version).count() >= 5
    assert vocabulary(workspace)["berth"] == counts(workspace)[0]


@pytest.mark.django_db(transaction=True)
def test_two_files_at_once_count_right_and_never_wait_for_each_other_in_a_circle(workspace: Workspace) -> None:
    forward = " ".join(f"word{letter} ship." for letter in "abcdefghij")
    backward = " ".join(f"word{letter} ship." for letter in "jihgfedcba")
    versions = [(make_version(workspace, f"{at}.txt", text), text) for at, text in enumerate([forward, backward] * 3)]
    threads = [Thread(target=_index_and_close, args=pair) for pair in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert counts(workspace)[0] == 6
    assert set(vocabulary(workspace).values()) == {6}


def _index_and_close(version: DocumentVersion, text: str) -> None:
    index(version, text)
    connection.close()


def _count_and_close(workspace: Workspace) -> int:
    found = len(find_passages(workspace, "ship", 10).hits)
    connection.close()
    return found


@pytest.mark.django_db(transaction=True)
def test_what_is_not_committed_is_not_found(workspace: Workspace) -> None:
    with ThreadPoolExecutor(1) as elsewhere, transaction.atomic():
        add(workspace, "one.txt", "The ship is at sea.")
        assert elsewhere.submit(_count_and_close, workspace).result(timeout=10) == 0
    assert len(find_passages(workspace, "ship", 10).hits) == 1


def test_weights_are_those_of_bm25() -> None:
    assert chunk_weights(["ship", "sea"])["ship"] == pytest.approx(1.9 / (1 + 0.9 * (0.4 + 0.6 * 2 / 120)))
    assert saturation(1_000_000, CHUNK_TERMS, CHUNK_TERMS) < 1.9
    assert idf(1, 10) > idf(5, 10) > idf(10, 10) > 0
    assert idf(20, 10) > 0


def test_the_database_computes_the_same_score(workspace: Workspace) -> None:
    add(workspace, "one.txt", "The ship is at sea.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT -(w <#> %s::sparsevec) FROM documents_chunkterms", [sparse_literal({"ship": 2.0, "moon": 9.0})])
        (score,) = cursor.fetchone()
    assert score == pytest.approx(2 * chunk_weights(["ship", "sea"])["ship"], rel=1e-5)


def test_hashes_of_one_term_differ_between_workspaces(workspace: Workspace) -> None:
    other = Workspace(slug="other")
    assert salted(workspace.pk, "ship") != salted(other.pk, "ship")
    assert 1 <= dimension("ship") <= 999_999_937


def test_words_a_mistake_apart_share_a_hash(workspace: Workspace) -> None:
    for slip in ("recieve", "receve", "receivee", "rexeive"):
        assert set(near_hashes(workspace.pk, "receive")) & set(near_hashes(workspace.pk, slip))
    assert near_hashes(workspace.pk, "cat") == near_hashes(workspace.pk, "19955") == []


@pytest.mark.parametrize(
    ("one", "other", "mistakes"),
    [("ship", "ship", 0), ("ship", "shop", 1), ("ship", "hsip", 1), ("ship", "", 4), ("", "a", 1), ("ab", "cd", 2)],
)
def test_distance_counts_mistakes(one: str, other: str, mistakes: int) -> None:
    assert distance(one, other) == mistakes
