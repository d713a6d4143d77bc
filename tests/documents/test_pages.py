"""The shelf, the text view and the download, by Alice, by Bob of her team and by Charlie, a stranger."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from apps.accounts.models import User
from apps.documents.services import remove
from apps.workspaces.models import Membership, Role, Workspace
from tests.conftest import signed_in
from tests.documents.conftest import LEASE, Upload
from tests.documents.files import pdf


@pytest.mark.parametrize(
    "address", ["/d/{pk}/", "/d/{pk}/pages/1/", "/d/{pk}/original/", "/w/harbour/documents/", "/w/harbour/documents/rows/"]
)
def test_pages_are_only_read(upload: Upload, alice: User, address: str) -> None:
    assert signed_in(alice).post(address.format(pk=upload(read=False).pk)).status_code == 405


@pytest.mark.parametrize("text", ["One of two.", "Two of two."])
def test_each_address_shows_its_own_document(upload: Upload, bob: User, text: str) -> None:
    address = {content: f"/d/{upload(content, name=content).pk}/" for content in ("One of two.", "Two of two.")}[text]
    browser = signed_in(bob)
    assert text in browser.get(address).content.decode()
    assert text in browser.get(f"{address}pages/1/").content.decode()
    assert b"".join(browser.get(f"{address}original/").streaming_content) == text.encode()  # type: ignore[attr-defined]


def test_an_original_that_is_not_on_the_disk_is_not_found(upload: Upload, bob: User) -> None:
    document = upload()
    assert document.current is not None
    default_storage.delete(document.current.storage_key)
    assert signed_in(bob).get(f"/d/{document.pk}/original/").status_code == 404
    assert signed_in(bob).get(f"/d/{document.pk}/").status_code == 200


def test_a_quote_without_end_is_cut(upload: Upload, bob: User) -> None:
    text = "word " * 3000
    page = signed_in(bob).get(f"/d/{upload(text).pk}/", {"quote": text[:6000]})
    assert 0 < len(page.context["marked"]) <= 4000


def test_the_text_is_shown_with_the_quote_marked(upload: Upload, bob: User) -> None:
    document = upload()
    page = signed_in(bob).get(f"/d/{document.pk}/", {"page": "1", "quote": "six months' notice"})
    assert b"<mark" in page.content
    assert page.context["marked"] == "six months' notice"


def test_a_page_comes_alone_as_a_part(upload: Upload, bob: User) -> None:
    document = upload()
    part = signed_in(bob).get(f"/d/{document.pk}/pages/1/")
    assert part.status_code == 200
    assert b"<html" not in part.content


def test_a_file_without_text_has_a_page_all_the_same(upload: Upload, alice: User) -> None:
    document = upload(b"%PDF-broken", name="bad.pdf")
    assert signed_in(alice).get(f"/d/{document.pk}/").status_code == 200


def test_the_original_is_a_download_and_nothing_else(upload: Upload, alice: User) -> None:
    document = upload("<script>alert(1)</script><p>Hello there, this is a page.</p>", name="page.html")
    response = signed_in(alice).get(f"/d/{document.pk}/original/")
    assert b"".join(response.streaming_content).startswith(b"<script>")  # type: ignore[attr-defined]
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_name_with_quotes_and_line_ends_stays_a_name(upload: Upload, alice: User) -> None:
    document = upload(name='a"\r\nX-Evil: 1.txt')
    response = signed_in(alice).get(f"/d/{document.pk}/original/")
    assert "X-Evil" not in response.headers


@pytest.mark.parametrize(
    "address", ["/d/{pk}/", "/d/{pk}/pages/1/", "/d/{pk}/original/", "/w/harbour/documents/", "/w/harbour/documents/rows/"]
)
def test_a_stranger_finds_nothing_and_somebody_signed_out_is_asked_to_sign_in(upload: Upload, charlie: User, address: str) -> None:
    document = upload()
    there = address.format(pk=document.pk)
    missing = address.format(pk="0190a000-0000-7000-8000-000000000000")
    browser = signed_in(charlie)
    assert browser.get(there).status_code == 404
    assert browser.get(missing.replace("harbour", "nowhere")).status_code == 404
    browser.logout()
    assert browser.get(there).status_code == 302


@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "-1"}, {"page": "x"}, {"page": "9" * 30}, {"page": "2"}, {"start": "\x00"}])
def test_a_page_that_cannot_be_is_not_found(upload: Upload, alice: User, query: dict[str, str]) -> None:
    assert signed_in(alice).get(f"/d/{upload().pk}/", query).status_code == 404


def test_a_removed_document_can_be_brought_back_from_its_page(upload: Upload, alice: User, charlie: User) -> None:
    document = upload()
    remove(document=document, removed_by=alice)
    page = signed_in(alice).get(f"/d/{document.pk}/")
    assert page.status_code == 404
    assert f"/documents/{document.pk}/restore".encode() in page.content
    assert LEASE.encode() not in page.content
    assert document.name.encode() not in signed_in(charlie).get(f"/d/{document.pk}/").content


def test_a_viewer_is_told_that_it_is_gone_and_nothing_more(upload: Upload, workspace: Workspace, alice: User, charlie: User) -> None:
    Membership.objects.create(workspace=workspace, user=charlie, role=Role.VIEWER)
    document = upload()
    remove(document=document, removed_by=alice)
    page = signed_in(charlie).get(f"/d/{document.pk}/")
    assert page.status_code == 404
    assert f"/documents/{document.pk}/restore" not in page.content.decode()


def test_a_pdf_is_offered_as_it_is(upload: Upload, alice: User) -> None:
    document = upload(pdf("One page of words."), name="one.pdf")
    page = signed_in(alice).get(f"/d/{document.pk}/")
    assert f'data-pdf="/d/{document.pk}/original/"'.encode() in page.content
    assert b"data-pdf" not in signed_in(alice).get(f"/d/{upload().pk}/").content


def test_warnings_stand_above_the_pages(upload: Upload, alice: User) -> None:
    page = signed_in(alice).get(f"/d/{upload(pdf('Words.', ''), name='gap.pdf').pk}/")
    assert b"Page 2 had no text" in page.content
    assert b"This page has no text" in signed_in(alice).get(f"/d/{page.context['document'].pk}/pages/2/").content


def test_a_removed_document_is_gone(upload: Upload, alice: User) -> None:
    document = upload()
    remove(document=document, removed_by=alice)
    assert signed_in(alice).get(f"/d/{document.pk}/").status_code == 404
    assert signed_in(alice).get(f"/d/{document.pk}/original/").status_code == 404
    shelf = signed_in(alice).get("/w/harbour/documents/").context["shelf"]
    assert (shelf.page.rows, shelf.total) == ([], 0)
