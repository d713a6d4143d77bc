"""The line of files that wait: fair to whoever brings few, never all for one, and counted as one piece of work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import queue
from apps.documents import line, services, tasks
from apps.documents.models import Document, DocumentVersion, ReadingLine
from apps.workspaces.models import Workspace
from tests.conftest import make_workspace
from tests.documents.conftest import Upload, claim
from tests.documents.locks import on_its_own_connection, wait_until_blocked


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were sent; none of them waits in the queue."""
    names: list[str] = []
    monkeypatch.setattr(queue, "send", lambda name, *_: names.append(name))
    monkeypatch.setattr(queue, "has_messages", lambda _name: False)
    return names


@pytest.fixture(autouse=True)
def _many_readers(settings: Any) -> None:
    settings.READERS = 100


def bring(workspace: Workspace, person: User, *names: str) -> None:
    """Upload a small file for each of `names`."""
    for name in names:
        services.store_upload(workspace=workspace, added_by=person, name=name, file=SimpleUploadedFile(name, name.encode()))


def taken(count: int) -> str:
    """The names of the next `count` files that readers take, in order; - where there is none."""
    return " ".join(version.document.name if (version := line.claim_next()) else "-" for _ in range(count))


def test_one_persons_files_are_read_in_their_order(workspace: Workspace, alice: User) -> None:
    bring(workspace, alice, "a1", "a2", "a3")
    assert taken(4) == "a1 a2 a3 -"


def test_who_brings_one_file_does_not_wait_for_all_of_the_others(workspace: Workspace, alice: User, bob: User) -> None:
    bring(workspace, alice, *(f"a{number}" for number in range(1, 7)))
    assert taken(2) == "a1 a2"
    bring(workspace, bob, "b1")
    assert taken(5) == "a3 b1 a4 a5 a6"


def test_two_who_bring_many_take_turns(workspace: Workspace, alice: User, bob: User) -> None:
    bring(workspace, alice, "a1", "a2", "a3")
    bring(workspace, bob, "b1", "b2", "b3")
    assert taken(6) == "a1 b1 a2 b2 a3 b3"


def test_who_had_the_line_alone_for_long_gives_no_credit(workspace: Workspace, alice: User, bob: User) -> None:
    bring(workspace, alice, *(f"a{number}" for number in range(1, 5)))
    assert taken(3) == "a1 a2 a3"
    bring(workspace, bob, "b1", "b2")
    bring(workspace, alice, "a5")
    assert taken(4) == "a4 b1 b2 a5"


def test_people_of_other_workspaces_take_turns_too(workspace: Workspace, alice: User, charlie: User) -> None:
    bring(workspace, alice, "a1", "a2", "a3")
    bring(Workspace.objects.get(slug="elsewhere"), charlie, "c1")
    assert taken(4) == "a1 c1 a2 a3"


def test_nobody_takes_all_readers(workspace: Workspace, alice: User, bob: User, settings: Any) -> None:
    settings.READERS = 3
    bring(workspace, alice, "a1", "a2", "a3", "a4")
    assert taken(3) == "a1 a2 -"
    bring(workspace, bob, "b1")
    assert taken(2) == "b1 -"
    DocumentVersion.objects.filter(document__name="a1").update(status="ready")
    assert taken(2) == "a3 -"


def test_files_of_a_person_who_is_gone_are_read(workspace: Workspace, alice: User, settings: Any) -> None:
    settings.READERS = 2
    bring(workspace, alice, "a1", "a2")
    DocumentVersion.objects.update(added_by=None)
    assert taken(3) == "a1 a2 -"


def test_what_was_removed_is_passed_over(workspace: Workspace, alice: User) -> None:
    bring(workspace, alice, "a1", "a2")
    services.remove(document=Document.objects.get(name="a1"), removed_by=alice)
    assert taken(2) == "a2 -"


@pytest.mark.django_db(transaction=True)
def test_eight_readers_take_eight_files(workspace: Workspace, alice: User) -> None:
    bring(workspace, alice, *(f"a{number}" for number in range(8)))
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: on_its_own_connection(line.claim_next), range(8)))
    assert len({version.pk for version in claimed if version}) == 8


@pytest.mark.django_db(transaction=True)
def test_a_file_that_somebody_is_about_to_take_holds_up_nobody(workspace: Workspace, alice: User) -> None:
    bring(workspace, alice, "a1", "a2")
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        DocumentVersion.objects.select_for_update().get(document__name="a1")
        other = pool.submit(on_its_own_connection, line.claim_next).result(10)
    assert other is not None
    assert other.document.name == "a2"


@pytest.mark.django_db(transaction=True)
def test_each_upload_wakes_a_reader_and_each_reader_the_next(workspace: Workspace, alice: User, sent: list[str]) -> None:
    bring(workspace, alice, "a1", "a2", "a3")
    assert sent == ["documents.wake"] * 3
    sent.clear()
    tasks.wake()
    assert (sent, Document.objects.filter(current__status="ready").count()) == (["documents.wake"], 1)
    sent.clear()
    tasks.wake(), tasks.wake(), tasks.wake()
    assert (sent, Document.objects.filter(current__status="ready").count()) == (["documents.wake"], 3)


def test_nobody_is_woken_where_wake_ups_wait(workspace: Workspace, alice: User, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    bring(workspace, alice, "a1", "a2")
    monkeypatch.setattr(queue, "has_messages", lambda _name: True)
    line.wake_next()
    assert sent == []


def test_as_many_are_woken_as_are_free(workspace: Workspace, alice: User, sent: list[str], settings: Any) -> None:
    settings.READERS = 4
    bring(workspace, alice, *(f"a{number}" for number in range(9)))
    line.wake_free_readers()
    assert sent == ["documents.wake"] * 4
    sent.clear()
    taken(2)
    line.wake_free_readers()
    assert sent == ["documents.wake"] * 2


def frame(workspace: Workspace) -> dict[str, Any]:
    """What is told of the workspace's line, without its times."""
    told: dict[str, Any] = dict(line.line_frame(workspace))
    assert told.pop("type") == "line"
    assert told.pop("workspace") == workspace.slug
    assert 0 <= told.pop("elapsed_s") < 600
    assert told.pop("since")
    return {name: count for name, count in told.items() if count}


def test_a_workspace_without_files_has_an_empty_line(workspace: Workspace) -> None:
    assert frame(workspace) == {}


def test_it_counts_what_came_since_the_line_was_empty(upload: Upload, workspace: Workspace, alice: User) -> None:
    upload("An older one.")
    ReadingLine.objects.update(since=timezone.now() - timedelta(minutes=5))
    DocumentVersion.objects.update(queued_at=timezone.now() - timedelta(minutes=5))
    bring(workspace, alice, "a1", "a2", "a3", "a4")
    claim(Document.objects.get(name="a1"))
    DocumentVersion.objects.filter(document__name="a2").update(status="failed", reason_code="damaged")
    DocumentVersion.objects.filter(document__name="a3").update(status="failed", reason_code="stopped")
    assert frame(workspace) == {"documents": 5, "queued": 1, "reading": 1, "failed": 1, "stopped": 1}


def test_the_line_goes_on_while_something_is_read(workspace: Workspace, alice: User) -> None:
    bring(workspace, alice, "a1")
    ReadingLine.objects.update(since=timezone.now() - timedelta(minutes=5))
    bring(workspace, alice, "a2")
    assert frame(workspace) == {"documents": 2, "queued": 2}


@pytest.mark.parametrize(("seconds", "counted"), [(20, 2), (40, 1)])
def test_who_comes_a_moment_later_is_counted_with_the_others(upload: Upload, workspace: Workspace, seconds: int, counted: int) -> None:
    upload()
    then = timezone.now() - timedelta(seconds=seconds)
    ReadingLine.objects.update(since=then)
    DocumentVersion.objects.update(queued_at=then)
    upload("Another one.")
    assert frame(workspace) == {"documents": 2, "ready": counted}


def test_what_was_removed_is_not_counted(workspace: Workspace, alice: User) -> None:
    bring(workspace, alice, "a1", "a2")
    services.remove(document=Document.objects.get(name="a1"), removed_by=alice)
    assert frame(workspace) == {"documents": 1, "queued": 1}


def test_each_workspace_has_its_own_count(workspace: Workspace, alice: User) -> None:
    other = make_workspace("other", owner=alice)
    bring(workspace, alice, "a1")
    bring(other, alice, "a1", "a2")
    assert (frame(workspace), frame(other)) == ({"documents": 1, "queued": 1}, {"documents": 2, "queued": 2})


@pytest.mark.django_db(transaction=True)
def test_of_two_that_open_the_line_at_once_both_are_counted(workspace: Workspace, alice: User) -> None:
    ReadingLine.objects.create(workspace=workspace, since=timezone.now() - timedelta(hours=1))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            bring(workspace, alice, "a1")
            second = pool.submit(on_its_own_connection, partial(bring, workspace, alice, "a2"))
            wait_until_blocked()
        second.result(10)
    assert frame(workspace) == {"documents": 2, "queued": 2}
    assert ReadingLine.objects.get().since > timezone.now() - timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_of_two_first_lines_at_once_both_are_counted(workspace: Workspace, alice: User) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            bring(workspace, alice, "a1")
            second = pool.submit(on_its_own_connection, partial(bring, workspace, alice, "a2"))
            wait_until_blocked()
        second.result(10)
    assert frame(workspace) == {"documents": 2, "queued": 2}


def test_a_frame_costs_three_queries(upload: Upload, workspace: Workspace, django_assert_num_queries: Any) -> None:
    upload()
    with django_assert_num_queries(3):
        line.line_frame(workspace)


@pytest.mark.django_db(transaction=True)
def test_two_who_queue_the_same_files_do_not_wait_in_a_circle(workspace: Workspace, alice: User, bob: User) -> None:
    bring(workspace, alice, *(f"a{number}" for number in range(40)))
    DocumentVersion.objects.update(status="failed")
    pks = list(DocumentVersion.objects.values_list("pk", flat=True))
    again = partial(line.queue_again, workspace=workspace.pk, of=["failed"])
    calls = [partial(again, person=alice.pk, versions=pks), partial(again, person=bob.pk, versions=pks[::-1])]
    with ThreadPoolExecutor(2) as pool:
        queued = [len(result) for result in pool.map(on_its_own_connection, calls)]
    assert sorted(queued) == [0, 40]


def test_files_that_are_queued_again_take_turns_with_the_others(workspace: Workspace, alice: User, bob: User) -> None:
    bring(workspace, alice, "a1", "a2", "a3")
    DocumentVersion.objects.update(status="failed", reason_code="damaged", warnings=[{"code": "x"}], progress=3, deaths=2)
    bring(workspace, bob, "b1", "b2")
    line.queue_again(
        workspace=workspace.pk, person=alice.pk, versions=list(DocumentVersion.objects.values_list("pk", flat=True)), of=["failed"]
    )
    assert taken(6) == "a1 b1 a2 b2 a3 -"
    fresh = DocumentVersion.objects.filter(document__name="a1").values("reason_code", "warnings", "progress", "deaths").get()
    assert fresh == {"reason_code": "", "warnings": [], "progress": 0, "deaths": 0}
