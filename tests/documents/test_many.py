"""Many files at once: removed and brought back, read again, stopped; by whoever may, in both orders of every race."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core import live, queue
from apps.core.errors import Forbidden
from apps.documents import ingest, line, many
from apps.documents.indexing import forget_chunks
from apps.documents.models import Chunk, ChunkTerms, Document, DocumentQuerySet, DocumentVersion, Page, ReadingLine
from apps.documents.parsing.errors import Damaged
from apps.documents.search import find_passages
from apps.workspaces.models import Role, Workspace
from tests.conftest import make_person
from tests.documents.conftest import Upload, claim, current
from tests.documents.locks import on_its_own_connection, wait_until_blocked

Remove = Callable[..., many.Removal]


def shelf(workspace: Workspace) -> DocumentQuerySet:
    return Document.objects.filter(workspace=workspace, deleted_at=None)


def states(workspace: Workspace) -> dict[str, str]:
    """Names and states of what stands on the shelf."""
    return dict(shelf(workspace).order_by("name").values_list("name", "current__status"))


@pytest.fixture
def three(upload: Upload) -> list[Document]:
    """Three files that were read, and mention herons."""
    return [upload(f"The heron number {number} is at the pier.", name=f"{number}.txt") for number in range(3)]


@pytest.fixture
def remove(workspace: Workspace, alice: User) -> Remove:
    """Removes some documents of the team's, all where none are given, as Alice."""
    return lambda *names: many.remove_many(
        workspace=workspace, documents=shelf(workspace).filter(name__in=names) if names else shelf(workspace), removed_by=alice
    )


def herons(workspace: Workspace) -> int:
    return len(find_passages(workspace, "Where is the heron?", 10).hits)


def test_the_chosen_ones_go_at_once(three: list[Document], workspace: Workspace, remove: Remove) -> None:
    assert remove("0.txt", "2.txt").files == 2
    assert states(workspace) == {"1.txt": "ready"}
    assert herons(workspace) == 1
    assert Chunk.objects.count() == 3  # a worker takes them out of the counts


def test_undo_brings_back_what_went_together(three: list[Document], workspace: Workspace, remove: Remove, alice: User) -> None:
    remove("0.txt")
    later = remove("1.txt", "2.txt")
    assert many.restore_many(workspace=workspace, removed_at=later.removed_at, restored_by=alice) == 2
    assert states(workspace) == {"1.txt": "queued", "2.txt": "queued"}
    for document in shelf(workspace):
        ingest.ingest(claim(document))
    assert herons(workspace) == 2
    assert many.restore_many(workspace=workspace, removed_at=later.removed_at, restored_by=alice) == 0


def test_undo_leaves_away_what_was_uploaded_meanwhile(
    three: list[Document], workspace: Workspace, remove: Remove, alice: User, upload: Upload
) -> None:
    removal = remove()
    upload("The heron number 1 is at the pier.", name="again.txt", read=False)
    assert many.restore_many(workspace=workspace, removed_at=removal.removed_at, restored_by=alice) == 2
    assert states(workspace) == {"0.txt": "queued", "2.txt": "queued", "again.txt": "queued"}


def test_undo_of_very_many_goes_batch_by_batch(
    three: list[Document], workspace: Workspace, remove: Remove, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "BATCH", 2)
    assert many.restore_many(workspace=workspace, removed_at=remove().removed_at, restored_by=alice) == 3


def test_undo_after_the_purge_brings_nothing(three: list[Document], workspace: Workspace, remove: Remove, alice: User) -> None:
    removal = remove()
    Document.objects.all().delete()
    assert many.restore_many(workspace=workspace, removed_at=removal.removed_at, restored_by=alice) == 0


def test_what_stands_elsewhere_stays(three: list[Document], workspace: Workspace, alice: User, charlie: User) -> None:
    elsewhere = Workspace.objects.get(slug="elsewhere")
    foreign = Document.objects.create(workspace=elsewhere, name="foreign.txt")
    assert many.remove_many(workspace=workspace, documents=Document.objects.all(), removed_by=alice).files == 3
    foreign.refresh_from_db()
    assert foreign.deleted_at is None


def test_each_one_is_on_record(three: list[Document], workspace: Workspace, remove: Remove, alice: User) -> None:
    many.restore_many(workspace=workspace, removed_at=remove().removed_at, restored_by=alice)
    for action in ("document.removed", "document.restored"):
        events = Event.objects.filter(action=action, workspace=workspace.pk, actor=alice)
        assert sorted(events.values_list("target", flat=True)) == sorted(str(document.pk) for document in three)


@pytest.mark.django_db(transaction=True)
def test_workers_and_pages_are_told(three: list[Document], remove: Remove, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, ...]] = []
    told: list[tuple[str, bool]] = []
    monkeypatch.setattr(queue, "send", lambda *message: sent.append(message))
    monkeypatch.setattr(live, "publish_on_commit", lambda _room, frame: told.append((frame["name"], frame["removed"])))
    remove()
    assert sent == [("documents.forget", str(document.pk)) for document in three]
    assert told == [("0.txt", True), ("1.txt", True), ("2.txt", True)]


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_who_may_not_write_does_none_of_it(three: list[Document], workspace: Workspace, remove: Remove, role: Role | None) -> None:
    person = make_person("Viewer")
    if role:
        workspace.memberships.create(user=person, role=role)
    removed_at = remove("0.txt").removed_at
    documents = shelf(workspace)
    for call in (
        partial(many.remove_many, documents=documents, removed_by=person),
        partial(many.restore_many, removed_at=removed_at, restored_by=person),
        partial(many.read_again, documents=documents, asked_by=person),
        partial(many.stop_reading, stopped_by=person),
    ):
        with pytest.raises(Forbidden):
            call(workspace=workspace)
    assert states(workspace) == {"1.txt": "ready", "2.txt": "ready"}


def test_what_is_read_again_is_found_meanwhile(three: list[Document], workspace: Workspace, alice: User) -> None:
    assert many.read_again(workspace=workspace, documents=shelf(workspace), asked_by=alice) == 3
    assert set(states(workspace).values()) == {"queued"}
    assert herons(workspace) == 3
    for document in three:
        ingest.ingest(claim(document))
    assert (herons(workspace), Chunk.objects.count(), Page.objects.count()) == (3, 3, 3)


def test_what_is_being_read_is_not_read_again(upload: Upload, workspace: Workspace, alice: User) -> None:
    waiting, reading, failed = upload("One.", read=False), upload("Two.", read=False), upload(b"%PDF-broken")
    claim(reading)
    assert many.read_again(workspace=workspace, documents=shelf(workspace), asked_by=alice) == 1
    assert [current(document).status for document in (waiting, reading, failed)] == ["queued", "reading", "queued"]


def test_a_file_that_fails_when_it_is_read_again_is_found_no_more(
    three: list[Document], workspace: Workspace, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.read_again(workspace=workspace, documents=shelf(workspace).filter(name="1.txt"), asked_by=alice)
    monkeypatch.setattr(ingest, "_parse", is_damaged)
    ingest.ingest(claim(three[1]))
    version = current(three[1])
    assert (version.status, version.reason_code, version.pages) == ("failed", "damaged", 0)
    assert herons(workspace) == 2
    assert not Page.objects.filter(version=version).exists()


def is_damaged(_reading: object) -> Any:
    raise Damaged


def test_stopping_takes_all_out_of_the_line(upload: Upload, workspace: Workspace, alice: User) -> None:
    ready, waiting, reading = upload(), upload("Two.", name="2.txt", read=False), upload("Three.", name="3.txt", read=False)
    claimed = claim(reading)
    assert many.stop_reading(workspace=workspace, stopped_by=alice) == 2
    assert [current(document).status for document in (ready, waiting, reading)] == ["ready", "failed", "failed"]
    assert (current(waiting).reason_code, current(waiting).reason) == ("stopped", many.STOPPED_REASON)
    ingest.ingest(claimed)  # it finds out at its next word
    assert current(reading).status == "failed"
    assert line.claim_next() is None
    assert Event.objects.get(action="documents.stopped").details == {"files": 2}


def test_a_file_that_was_ready_is_ready_as_it_was_when_its_second_reading_is_stopped(
    three: list[Document], workspace: Workspace, alice: User
) -> None:
    many.read_again(workspace=workspace, documents=shelf(workspace), asked_by=alice)
    claim(three[0])
    assert many.stop_reading(workspace=workspace, stopped_by=alice) == 3
    assert states(workspace) == {"0.txt": "ready", "1.txt": "ready", "2.txt": "ready"}
    assert current(three[0]).reason == ""
    assert herons(workspace) == 3


def test_stopping_nothing_is_no_event(three: list[Document], workspace: Workspace, alice: User) -> None:
    assert many.stop_reading(workspace=workspace, stopped_by=alice) == 0
    assert not Event.objects.filter(action="documents.stopped").exists()


def test_reading_on_reads_what_was_stopped_and_not_what_failed(upload: Upload, workspace: Workspace, alice: User) -> None:
    failed, waiting = upload(b"%PDF-broken", name="bad.pdf"), upload("Two.", name="2.txt", read=False)
    many.stop_reading(workspace=workspace, stopped_by=alice)
    assert many.read_again(workspace=workspace, documents=many.stopped(workspace), asked_by=alice) == 1
    assert (current(failed).status, current(waiting).status) == ("failed", "queued")


def test_the_failed_of_the_line_are_those_since_its_last_pause(upload: Upload, workspace: Workspace, alice: User) -> None:
    old = upload(b"%PDF-old", name="old.pdf")
    then = timezone.now() - timedelta(minutes=9)
    DocumentVersion.objects.update(queued_at=then)
    ReadingLine.objects.update(since=then)
    new = upload(b"%PDF-new", name="new.pdf")
    assert list(many.failed_in_line(workspace)) == [new]
    assert current(old).status == "failed"


@pytest.mark.django_db(transaction=True)
def test_two_who_remove_the_same_files_at_once_remove_them_once(
    three: list[Document], workspace: Workspace, alice: User, bob: User
) -> None:
    def remove_as(person: User) -> int:
        return many.remove_many(workspace=workspace, documents=shelf(workspace), removed_by=person).files

    with ThreadPoolExecutor(2) as pool:
        counts = sorted(pool.map(lambda person: on_its_own_connection(partial(remove_as, person)), (alice, bob)))
    assert counts == [0, 3]
    assert Event.objects.filter(action="document.removed").count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_file_that_gets_ready_while_it_is_stopped_is_one_of_both(upload: Upload, workspace: Workspace, alice: User) -> None:
    """The reading ends first, and the stop waits for it: it is ready."""
    claimed = claim(upload(read=False))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ingest.ingest(claimed)
            stopping = pool.submit(on_its_own_connection, partial(many.stop_reading, workspace=workspace, stopped_by=alice))
            wait_until_blocked()
        assert stopping.result(10) == 0
    assert states(workspace) == {"lease.txt": "ready"}


@pytest.mark.django_db(transaction=True)
def test_undo_and_purge_at_once_leave_it_whole_or_gone(three: list[Document], workspace: Workspace, remove: Remove, alice: User) -> None:
    removal = remove()
    for document in three:
        forget_chunks(pk=document.pk)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Document.objects.filter(name="1.txt").delete()
            undoing = pool.submit(
                on_its_own_connection,
                partial(many.restore_many, workspace=workspace, removed_at=removal.removed_at, restored_by=alice),
            )
            wait_until_blocked()
        assert undoing.result(10) == 2
    assert states(workspace) == {"0.txt": "queued", "2.txt": "queued"}
    assert not ChunkTerms.objects.exists()
