"""The original's bytes: whole, in parts, and never through a stranger's hand."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from apps.accounts.models import User
from apps.core import ranges
from apps.documents.models import Document
from tests.conftest import signed_in
from tests.documents.conftest import Upload, current

TEXT = "0123456789" * 20
SIZE = len(TEXT)


@pytest.fixture
def document(upload: Upload) -> Document:
    """A text of two hundred signs, not read yet."""
    return upload(TEXT, read=False)


def part(browser: Client, document: Document, asked: str, **headers: str) -> tuple[int, str, str]:
    """Status, bytes and Content-Range of the answer to a Range header."""
    answer = browser.get(f"/d/{document.pk}/original/", headers={"Range": asked, **headers})
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert answer["Content-Length"] == str(len(body))
    return answer.status_code, body.decode(), answer.headers.get("Content-Range", "")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10), ("bytes=5-5", 5, 6), ("bytes=190-", 190, 200), ("bytes=-3", 197, 200), ("bytes=-900", 0, 200),
        ("bytes=0-9999", 0, 200),
    ],
)  # fmt: skip
def test_a_part_is_that_part(document: Document, alice: User, asked: str, start: int, stop: int) -> None:
    assert part(signed_in(alice), document, asked) == (206, TEXT[start:stop], f"bytes {start}-{stop - 1}/{SIZE}")


@pytest.mark.parametrize("asked", ["bytes=200-", "bytes=200-300", "bytes=-0", "bytes=99999999999-"])
def test_a_part_behind_the_end_is_refused_with_the_size(document: Document, alice: User, asked: str) -> None:
    assert part(signed_in(alice), document, asked) == (416, "", f"bytes */{SIZE}")


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "lines=0-1", "bytes=9-2", "bytes=-", "bytes=a-b", "bytes=0x1-2", "", "bytes=" + "9" * 40 + "-", "bytes=١-٢"]
)
def test_what_is_no_single_range_gets_the_whole(document: Document, alice: User, asked: str) -> None:
    assert part(signed_in(alice), document, asked) == (200, TEXT, "")


def test_a_part_of_another_file_is_not_mixed_in(document: Document, alice: User) -> None:
    browser = signed_in(alice)
    etag = browser.get(f"/d/{document.pk}/original/")["ETag"]
    assert etag == f'"{current(document).sha256}"'
    assert part(browser, document, "bytes=0-4", **{"If-Range": etag})[0] == 206
    assert part(browser, document, "bytes=0-4", **{"If-Range": '"another"'}) == (200, TEXT, "")
    assert part(browser, document, "bytes=0-4", **{"If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"})[0] == 200


def test_parts_are_as_guarded_as_the_whole(document: Document, alice: User, charlie: User) -> None:
    address, asked = f"/d/{document.pk}/original/", {"Range": "bytes=0-4"}
    answer = signed_in(alice).get(address, headers=asked)
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert signed_in(charlie).get(address, headers=asked).status_code == 404
    assert Client().get(address, headers=asked).status_code == 302


@pytest.mark.django_db(transaction=True)
async def test_a_file_is_sent_as_it_is_read(upload: Upload, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "BLOCK_BYTES", 64)
    document = await sync_to_async(upload)(TEXT, read=False)
    browser = AsyncClient()
    await sync_to_async(browser.force_login)(alice)
    answer = await browser.get(f"/d/{document.pk}/original/", headers={"Range": "bytes=10-"})
    assert [len(block) async for block in answer] == [64, 64, 62]  # type: ignore[attr-defined]
