"""Vectors of passages: made in the background, with a real embedder; kept, counted and thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.template.loader import render_to_string

from apps.accounts.models import User
from apps.core import queue
from apps.documents import erasing, services, tasks, vectors
from apps.documents.models import ChunkTerms, ChunkVector, Document, Filling
from apps.documents.vectors import Progress, progress_of
from apps.inference import finding
from apps.inference.engines.base import EngineUnavailable, RequestRefused
from apps.inference.finders import Embedded
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace
from tests.documents.indexed import add, index, make_version
from tests.finder_writer import FinderShape
from tests.finding import install_finder, opened_desk

pytestmark = pytest.mark.django_db(transaction=True)
HARBOUR = "The harbour closes at nine in the evening. Boats that come later wait outside until morning."


@pytest.fixture
def embedder(tmp_path: Path) -> InstalledModel:
    """An embedder in use."""
    return install_finder(tmp_path)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were sent."""
    names: list[str] = []
    monkeypatch.setattr(queue, "send", lambda name, *_: names.append(name))
    return names


@pytest.fixture
def open_desk() -> Iterator[None]:
    """A worker listens."""
    with opened_desk():
        yield


@pytest.fixture
def document(workspace: Workspace) -> Document:
    """A file that is found by its words."""
    return add(workspace, "harbour.txt", HARBOUR)


def shown(model: InstalledModel) -> str:
    """The status by which the page's script sees that another part is to be shown."""
    part = render_to_string("documents/_vectors.html", {"model": model, "progress": progress_of(model)})
    return part.partition('data-status="')[2].partition('"')[0]


def made_by(count: list[int]) -> object:
    """A model that makes the same vector of all, and tells how many texts came at once."""

    def embed(model: InstalledModel, passages: list[tuple[str, str]]) -> Embedded:
        count.append(len(passages))
        return Embedded([(1.0, 0.0)] * len(passages), 5, [False] * len(passages))

    return embed


def test_every_passage_gets_a_vector(embedder: InstalledModel, document: Document, open_desk: None) -> None:
    assert shown(embedder) == "making"
    tasks.embed()
    assert shown(embedder) == "done"
    vector = ChunkVector.objects.get()
    assert (vector.chunk.document, vector.workspace, vector.model) == (document, document.workspace, embedder)
    assert len(vector.embedding) == 64
    assert progress_of(embedder) == Progress(all=1, done=1, cut=0)
    assert Filling.objects.get().beat_at is None


def test_a_file_that_is_ready_wakes_it(embedder: InstalledModel, document: Document, sent: list[str]) -> None:
    vectors.wake_if_lacking()
    assert sent == ["documents.embed"]


def test_without_an_embedder_nothing_is_done(document: Document, sent: list[str]) -> None:
    vectors.wake_if_lacking()
    tasks.embed()
    assert (sent, Filling.objects.count()) == ([], 0)


def test_with_nothing_lacking_nobody_is_woken(embedder: InstalledModel, document: Document, open_desk: None, sent: list[str]) -> None:
    tasks.embed()
    vectors.wake_if_lacking()
    assert sent == []


def test_it_goes_on_where_it_was_broken_off(
    embedder: InstalledModel, workspace: Workspace, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        add(workspace, f"{number}.txt", f"Berth {number} is free.")
    asked: list[int] = []
    monkeypatch.setattr(finding, "embed_passages", made_by(asked))
    monkeypatch.setattr(vectors, "SLICE_S", -1.0)
    monkeypatch.setattr(vectors, "BATCH_MAX", 2)
    done: list[int] = []
    while len(done) < 5 and (not done or done[-1] < 5):
        tasks.embed()
        done.append(progress_of(embedder).done)
    assert done == [1, 2, 3, 4, 5]
    assert sent.count("documents.embed") == 5
    assert len(asked) == 5


def test_batches_grow_as_long_as_they_are_quick(embedder: InstalledModel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        add(workspace, f"{number}.txt", f"Berth {number} is free.")
    monkeypatch.setattr(vectors, "BATCH_S", 60)
    asked: list[int] = []
    monkeypatch.setattr(finding, "embed_passages", made_by(asked))
    tasks.embed()
    assert asked[:3] == [1, 2, 4]
    assert sum(asked) == 8


def test_two_workers_do_not_do_the_same(embedder: InstalledModel, document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(finding, "embed_passages", made_by(asked))
    Filling.objects.create(model=embedder, sha256=embedder.sha256, beat_at=Now())
    tasks.embed()
    assert asked == []
    Filling.objects.update(beat_at=F("beat_at") - vectors.DEAD_AFTER)
    tasks.embed()
    assert asked == [1]


def test_a_model_that_is_away_is_told_and_tried_again(
    embedder: InstalledModel, document: Document, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Embedded:
        raise EngineUnavailable("The model does not load.")

    with monkeypatch.context() as patched:
        patched.setattr(finding, "embed_passages", away)
        tasks.embed()
    assert progress_of(embedder).reason == "The model does not load."
    assert shown(embedder) == "still"
    tasks.embed()
    assert ChunkVector.objects.count() == 0
    Filling.objects.update(beat_at=F("beat_at") - 2 * vectors.STANDS_STILL)
    vectors.wake_if_lacking()
    assert sent == ["documents.embed"]
    monkeypatch.setattr(finding, "embed_passages", made_by([]))
    tasks.embed()
    assert progress_of(embedder) == Progress(1, 1, 0)


def test_a_text_that_the_model_refuses_holds_up_no_other(
    embedder: InstalledModel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good.txt", "bad.txt", "fine.txt"):
        add(workspace, name, f"This is the {name}.")

    def embed(model: InstalledModel, passages: list[tuple[str, str]]) -> Embedded:
        if any("bad" in text for _, text in passages):
            raise RequestRefused("No.")
        return Embedded([(1.0, 0.0)] * len(passages), 5, [False] * len(passages))

    monkeypatch.setattr(finding, "embed_passages", embed)
    monkeypatch.setattr(vectors, "BATCH_MIN", 3)
    tasks.embed()
    assert progress_of(embedder).done == 3
    assert ChunkVector.objects.filter(embedding=None).get().chunk.document.name == "bad.txt"


def test_what_is_too_long_is_counted(workspace: Workspace, tmp_path: Path, open_desk: None) -> None:
    embedder = install_finder(tmp_path, FinderShape(context=32))
    add(workspace, "long.txt", HARBOUR)
    tasks.embed()
    assert progress_of(embedder) == Progress(all=1, done=1, cut=1)


def test_a_removed_file_leaves_no_vector(embedder: InstalledModel, document: Document, open_desk: None, alice: User) -> None:
    tasks.embed()
    services.remove(document=document, removed_by=alice)
    assert not ChunkVector.objects.exists()


def test_a_file_that_is_removed_meanwhile_leaves_none(
    embedder: InstalledModel, document: Document, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def embed(model: InstalledModel, passages: list[tuple[str, str]]) -> Embedded:
        services.remove(document=document, removed_by=alice)
        return Embedded([(1.0, 0.0)] * len(passages), 5, [False] * len(passages))

    monkeypatch.setattr(finding, "embed_passages", embed)
    tasks.embed()
    assert not ChunkVector.objects.exists()


def test_what_is_read_again_gets_new_vectors(embedder: InstalledModel, workspace: Workspace, open_desk: None) -> None:
    version = make_version(workspace, "harbour.txt", HARBOUR)
    index(version, HARBOUR)
    tasks.embed()
    before = ChunkVector.objects.get().chunk_id
    index(version, "Cats sleep on stones.")
    assert not ChunkVector.objects.exists()
    tasks.embed()
    assert ChunkVector.objects.get().chunk_id != before


def test_a_workspace_takes_its_vectors_along(embedder: InstalledModel, document: Document, open_desk: None) -> None:
    tasks.embed()
    assert [rows.model for rows in erasing._rows(document.workspace_id)][:2] == [ChunkTerms, ChunkVector]
    assert erasing._delete_some(ChunkVector.objects.filter(workspace=document.workspace_id)) == 1
    assert not ChunkVector.objects.exists()


def test_another_embedder_makes_its_own_and_the_way_back_costs_nothing(
    embedder: InstalledModel, document: Document, tmp_path: Path, open_desk: None
) -> None:
    tasks.embed()
    InstalledModel.objects.filter(pk=embedder.pk).update(is_active=False)
    other = install_finder(tmp_path, FinderShape(name="other", width=32, seed=2))
    tasks.embed()
    assert (progress_of(embedder).done, progress_of(other).done) == (1, 1)


def test_another_file_under_the_same_name_makes_all_anew(
    embedder: InstalledModel, document: Document, tmp_path: Path, open_desk: None
) -> None:
    tasks.embed()
    install_finder(tmp_path, replace(FinderShape(), width=32, seed=2))
    embedder.refresh_from_db()
    Filling.objects.update(beat_at=None)
    tasks.embed()
    assert len(ChunkVector.objects.get().embedding) == 32


def test_a_removed_model_takes_its_vectors_along(embedder: InstalledModel, document: Document, open_desk: None) -> None:
    tasks.embed()
    embedder.delete()
    assert (ChunkVector.objects.count(), Filling.objects.count()) == (0, 0)


def test_it_ends_where_the_model_is_not_wanted_any_more(
    embedder: InstalledModel, workspace: Workspace, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        add(workspace, f"{number}.txt", f"Berth {number} is free.")

    def embed(model: InstalledModel, passages: list[tuple[str, str]]) -> Embedded:
        InstalledModel.objects.update(is_active=False)
        return Embedded([(1.0, 0.0)] * len(passages), 5, [False] * len(passages))

    monkeypatch.setattr(finding, "embed_passages", embed)
    tasks.embed()
    assert (progress_of(embedder).done, sent) == (1, [])
