"""Every file ends: ready, or failed with a sentence that says what to do. A bad one is nobody else's trouble."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.documents import ingest, tasks
from apps.documents.models import Chunk, DocumentVersion
from apps.documents.parsing import errors
from apps.documents.search import find_passages
from apps.workspaces.models import Workspace
from tests.conftest import signed_in
from tests.documents.bad_files import BAD_FILES, UNREAD_PICTURE, BadFile, slow_pdf
from tests.documents.conftest import LEASE, Upload, claim, current
from tests.documents.pictures import picture
from tests.documents.test_parsing_child import tells

SHELF = "/api/workspaces/harbour/documents"
EACH_WITHIN_S = 60
ALL_WITHIN_S = 300
REACHED_ELSEWHERE = {"empty_file", "crashed", "copy_protected", "picture_inside", "picture_unread", "no_words"}
pytestmark = pytest.mark.django_db(transaction=True)  # a long reading beats from a thread of its own, which has to see the row


@pytest.fixture(autouse=True)
def _little_time(settings: Any) -> None:
    """What takes long is not waited for as long as in a real installation."""
    settings.READER_CPU_S = 2


@pytest.fixture
def browser(workspace: Workspace, alice: User) -> Client:
    """Alice's browser."""
    return signed_in(alice)


def sent(browser: Client, name: str, data: bytes) -> dict[str, Any]:
    """The file as the shelf tells of it once a worker has been there."""
    answer = browser.post(SHELF, {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 202, answer.content
    tasks.wake()
    told: dict[str, Any] = browser.get(f"{SHELF}/{answer.json()['id']}").json()
    return told


def met_the_limit_of_time_first(bad: BadFile, code: str) -> bool:
    """Whether it would have needed too much memory, on a machine too slow to get there."""
    return (bad.code, code) == ("out_of_memory", "timed_out")


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_a_bad_file_ends_with_its_own_sentence(browser: Client, bad: BadFile) -> None:
    started = monotonic()
    told = sent(browser, bad.name, bad.write())
    assert told["status"] == "failed"
    if not met_the_limit_of_time_first(bad, told["reason_code"]):
        assert told["reason_code"] == bad.code
        assert told["reason"].startswith(bad.sentence)
    assert told["reason"].endswith(".")
    assert not Chunk.objects.exists()
    assert monotonic() - started < EACH_WITHIN_S


def test_a_picture_without_words_ends_with_its_own_sentence(browser: Client) -> None:
    code, sentence = UNREAD_PICTURE[shutil.which("tesseract") is not None]
    told = sent(browser, "blank.png", picture(""))
    assert (told["status"], told["reason_code"]) == ("failed", code)
    assert told["reason"].startswith(sentence)


def test_every_reason_has_a_file() -> None:
    known = {error.code for error in errors.every()}
    assert {bad.code for bad in BAD_FILES} | REACHED_ELSEWHERE == known


def test_a_file_that_is_too_large_says_how_large_it_is(browser: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 3 * 2**20
    answer = browser.post(SHELF, {"file": SimpleUploadedFile("film.mp4", bytes(4 * 2**20))})
    assert answer.status_code == 413
    assert answer.json()["error"]["message"].replace("\xa0", " ") == (
        "This file has 4.0 MB; this installation takes 3.0 MB at most. Split it and upload the parts."
    )


def test_what_was_in_an_archive_is_told_where_nothing_could_be_read(browser: Client) -> None:
    tools = next(bad for bad in BAD_FILES if bad.name == "tools.zip")
    told = sent(browser, tools.name, tools.write())
    assert told["warnings"] == ["Of a kind that is not read: “a.rar”.", "Empty: “b.txt”."]
    page = browser.get("/w/harbour/documents/").content.decode()
    assert "Of a kind that is not read: “a.rar”." in page


def test_a_flood_of_bad_files_does_not_touch_the_good_one_after_it(browser: Client, workspace: Workspace) -> None:
    for bad in BAD_FILES:
        assert browser.post(SHELF, {"file": SimpleUploadedFile(bad.name, bad.write())}).status_code == 202
    browser.post(SHELF, {"file": SimpleUploadedFile("lease.txt", LEASE.encode())})
    started, ends = monotonic(), []
    while DocumentVersion.objects.filter(status="queued").exists():
        began = monotonic()
        tasks.wake()
        ends.append(monotonic() - began)
    assert max(ends) < EACH_WITHIN_S
    assert monotonic() - started < ALL_WITHIN_S
    statuses = dict(DocumentVersion.objects.values_list("document__name", "reason_code"))
    wrong = {bad.name: statuses[bad.name] for bad in BAD_FILES if statuses[bad.name] != bad.code}
    assert all(met_the_limit_of_time_first(bad, wrong[bad.name]) for bad in BAD_FILES if bad.name in wrong), wrong
    assert statuses["lease.txt"] == ""
    assert [hit.document_name for hit in find_passages(workspace, "notice of the lease", 5).hits] == ["lease.txt"]


def test_a_file_that_takes_long_does_not_hold_up_another(upload: Upload, settings: Any) -> None:
    settings.READER_CPU_S = 60
    slow = upload(slow_pdf(), name="slow.pdf", read=False)
    good = upload(name="lease.txt", read=False)
    claimed = [claim(slow), claim(good)]

    def read(version: DocumentVersion) -> float:
        try:
            ingest.ingest(version)
            return monotonic()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        slow_end, good_end = [pool.submit(read, version) for version in claimed]
        assert good_end.result(EACH_WITHIN_S) < slow_end.result(EACH_WITHIN_S)
    assert current(good).status == "ready"


def test_a_child_that_is_killed_fails_its_file_only(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    tells(monkeypatch, "os.kill(os.getpid(), 11)")
    told = sent(browser, "lease.txt", LEASE.encode())
    assert (told["status"], told["reason_code"]) == ("failed", "crashed")
    assert told["reason"].startswith("This file stopped the program that reads it")
    monkeypatch.undo()
    assert sent(browser, "again.txt", LEASE.encode() + b" ")["status"] == "ready"
