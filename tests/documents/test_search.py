"""Search from the first minute, without any model: find_passages over indexed documents."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.documents.search import CANDIDATES, find_passages
from apps.workspaces.models import Workspace
from tests.conftest import make_workspace
from tests.documents.indexed import add

HARBOUR = "The harbour closes at nine in the evening. Boats that come later wait outside until morning."
CATS = "The cats of the island sleep on the warm stones. Nobody owns them, and everybody feeds them."
GERMAN = "Der Hafen schließt um neun Uhr abends. Die Boote, die später kommen, warten bis zum Morgen vor der Einfahrt."
JAPANESE = "港は夜九時に閉まります。遅れて来る船は朝まで外で待ちます。"
THAI = "ท่าเรือปิดเวลาสามทุ่ม เรือที่มาทีหลังต้องรอข้างนอกจนถึงเช้า"


@pytest.fixture
def shelf(workspace: Workspace) -> Workspace:
    """The team's workspace with two English files."""
    add(workspace, "harbour.txt", HARBOUR)
    add(workspace, "cats.txt", CATS)
    return workspace


def names(workspace: Workspace, question: str) -> list[str]:
    return [hit.document_name for hit in find_passages(workspace, question, 10).hits]


def test_it_finds_the_passage_that_answers(shelf: Workspace) -> None:
    found = find_passages(shelf, "When does the harbour close?", 10)
    hit = found.hits[0]
    assert (hit.document_name, hit.title, hit.page, hit.place) == ("harbour.txt", "harbour", 1, "p. 1")
    assert hit.text == HARBOUR[hit.start : hit.end]
    assert found.language == "en"
    assert 0.2 < found.relevance <= 1


def test_other_endings_find_it_too(shelf: Workspace) -> None:
    assert names(shelf, "closing harbours")[0] == "harbour.txt"


@pytest.mark.parametrize("mistyped", ["harbuor", "harbor", "haarbour", "hrabour", "habrour"])
def test_a_mistyped_word_finds_it_too(shelf: Workspace, mistyped: str) -> None:
    assert names(shelf, mistyped)[:1] == ["harbour.txt"]


def test_hits_come_best_first_and_no_more_than_asked_for(shelf: Workspace) -> None:
    hits = find_passages(shelf, "Do the cats wait outside the harbour?", 10).hits
    assert len(hits) == 2
    assert hits[0].score > hits[1].score
    assert len(find_passages(shelf, "cats harbour", 1).hits) == 1


def test_neighbouring_words_count(shelf: Workspace) -> None:
    add(shelf, "apart.txt", "Warm nights. The island has stones, and it sleeps.")
    add(shelf, "together.txt", "Nights. The island has warm stones, and it sleeps.")
    assert names(shelf, "warm stones")[:2].index("together.txt") < names(shelf, "warm stones").index("apart.txt")


@pytest.mark.parametrize(
    ("name", "text", "question"),
    [
        ("hafen.txt", GERMAN, "Wann schließen die Häfen?"),
        ("hafen.txt", GERMAN, "SCHLIESST hafen"),
        ("minato.txt", JAPANESE, "港は何時に閉まりますか"),
        ("thai.txt", THAI, "ท่าเรือปิดกี่โมง"),
    ],
)
def test_every_language_stands_in_one_workspace(shelf: Workspace, name: str, text: str, question: str) -> None:
    add(shelf, name, text)
    assert names(shelf, question)[0] == name


def test_an_english_question_finds_a_german_word(shelf: Workspace) -> None:
    add(shelf, "hafen.txt", GERMAN)
    assert names(shelf, "What is the Einfahrt?") == ["hafen.txt"]


@pytest.mark.parametrize("question", ["", " ", "\x00", "the and of", "?!", "xyzzyqwert"])
def test_where_nothing_is_asked_nothing_is_found(shelf: Workspace, question: str) -> None:
    found = find_passages(shelf, question, 10)
    assert found.hits == []
    assert found.relevance == 0


def test_an_empty_workspace_finds_nothing(workspace: Workspace) -> None:
    assert find_passages(workspace, "When does the harbour close?", 10).hits == []


def test_a_megabyte_of_question_is_answered(shelf: Workspace) -> None:
    assert names(shelf, "harbour\x00 " * 120_000) == ["harbour.txt"]


def test_a_strangers_workspace_finds_nothing_of_ours(shelf: Workspace, charlie: User) -> None:
    theirs = make_workspace("theirs", owner=charlie)
    add(theirs, "own.txt", "The lighthouse has a lamp.")
    assert names(theirs, "When does the harbour close?") == []
    assert names(shelf, "lighthouse lamp") == []


def test_relevance_tells_an_answer_from_a_coincidence(shelf: Workspace) -> None:
    answered = find_passages(shelf, "When does the harbour close?", 10).relevance
    foreign = find_passages(shelf, "Which emperor founded the evening university of Byzantium?", 10).relevance
    assert foreign < 0.2 < answered


def test_it_takes_four_queries_however_many_files(shelf: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(30):
        add(shelf, f"{number}.txt", f"Berth {number} of the harbour is free.")
    with django_assert_max_num_queries(4):
        assert find_passages(shelf, "Is a berht of the hrabour free?", CANDIDATES).hits


def test_the_index_of_terms_finds_the_same(shelf: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = find_passages(shelf, "Do the cats wait outside the harbour?", 10)
    monkeypatch.setattr("apps.documents.search.TERMS_INDEX_FROM_CHUNKS", 1)
    assert find_passages(shelf, "Do the cats wait outside the harbour?", 10) == scanned


def test_the_index_looks_at_the_rarest_terms_only(shelf: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add(shelf, "night.txt", "The harbour is closed at night.")
    monkeypatch.setattr("apps.documents.search.TERMS_INDEX_FROM_CHUNKS", 1)
    monkeypatch.setattr("apps.documents.search.RAREST_TERMS_DF", 1)
    assert names(shelf, "cats stones harbour") == ["cats.txt"]
