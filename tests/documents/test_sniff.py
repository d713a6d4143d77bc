"""What a file is, its bytes say."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from os import urandom
from pathlib import Path
from time import perf_counter

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.sniff import sniff, sniff_data
from tests.documents.files import docx, paragraph, pdf, zipped
from tests.documents.office_files import flat_odf
from tests.documents.ole_files import ole

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.fixture
def kind_of(tmp_path: Path) -> Callable[..., str]:
    def sniffed(data: bytes, name: str = "file") -> str:
        path = tmp_path / "stored"
        path.write_bytes(data)
        return sniff(path, name=name)

    return sniffed


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pdf("x"), "pdf"),
        (b"\n\n junk before " + pdf("x"), "pdf"),
        (docx(paragraph("x")), "docx"),
        (b"<!DOCTYPE html><p>x", "html"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><!-- c --><HTML lang=de>", "html"),
        ("<html><body>x".encode("utf-16"), "html"),
        (b"<div class=x>Hello</div>", "html"),
        (b"Plain words.", "text"),
        (b"a < b and b > c", "text"),
        (b' {"json": true}', "json"),
        (b'[\n  {"a": 1}]', "json"),
        (b"[1] A reference, [2] another", "text"),
        (b'{"quoted" words} in braces', "text"),
        (b"ID3 is a way to tag. BM and Rar! are others.", "text"),
        ("BMW fährt. ".encode("latin-1"), "text"),
        (zipped({"password/a.txt": "x"}), "zip"),
        (zipped({"word/document.txt": "x", "old/word/document.xml": "x"}), "zip"),
        (zipped({}), "zip"),
        (zipped({"META-INF/manifest.xml": "x", "content.xml": "x"}), "odt"),
        (zipped({"META-INF/manifest.xml": "x", "autocorrections.xml": "x"}), "zip"),
        (b"Received: by x\nSubject: y\nMIME-Version: 1.0\n\nHi", "eml"),
        (b"From ada@example.org Mon Jul  1\nSubject: y\n folded\nFrom: ada\nDate: today\n\nHi", "eml"),
        (b"Subject: y\nFrom: a note to myself\n\nHi", "text"),
        (b"From ada@example.org Mon Jun 01 10:00:00 2009\n\nHi", "eml"),
        (b"From here on Monday is a day off, in 2009\n\nHi", "text"),
        (b"1795\nFrom: ada\nTo: bob\nSubject: y\n\nHi", "eml"),
        (b"From : ada\nMessage-ID  : <1>\n\nHi", "eml"),
        (ole({"WORKBOOK": b"x"}), "xls"),
        (OLE + b"\0" * 600 + "__properties_version1.0".encode("utf-16-le"), "msg"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"II*\0", "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (zipped({"xl/workbook.xml": "<x/>"}), "xlsx"),
        (zipped({"xl/workbook.bin": "x"}), "xls"),
        (zipped({"ppt/presentation.xml": "<x/>"}), "pptx"),
        (zipped({"META-INF/container.xml": "<x/>"}), "epub"),
        (zipped({"META-INF/manifest.xml": "<x/>", "content.xml": "<x/>"}), "odt"),
        (b"{\\rtf1 x}", "rtf"),
        (OLE + b"\0" * 600 + "Workbook".encode("utf-16-le"), "xls"),
        (ole({"Workbook": b"x"}), "xls"),
        (ole({"One": b"x", "Two": b"x", "Three": b"x" * 70_000, "Book": b"x"}), "xls"),
        (flat_odf("text", ""), "odt"),
        (flat_odf("presentation", ""), "odp"),
        (flat_odf("spreadsheet", ""), "ods"),
    ],
)
def test_content_decides(kind_of: Callable[..., str], data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    assert kind_of(data, "photo.png") == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.md", "markdown"),
        ("A.MARKDOWN", "markdown"),
        ("a.csv", "csv"),
        ("a.tsv", "csv"),
        ("a.txt", "text"),
        ("a.jsonl", "json"),
        ("a.pdf", "text"),
        ("a", "text"),
    ],
)
def test_the_name_decides_between_look_alikes_only(kind_of: Callable[..., str], name: str, kind: str) -> None:
    assert kind_of(b"a,b\n1,2\n", name) == kind


def test_markdown_may_begin_with_a_tag(kind_of: Callable[..., str]) -> None:
    assert kind_of(b'<p align="center">Logo</p>\n\n# Title', "README.md") == "markdown"


@pytest.mark.parametrize(
    ("data", "detected"),
    [
        (b"GIF89a\1\0\1\0", "a picture of a kind that is not read"),
        (b"\0\0\0\x20ftypheic", "a picture of a kind that is not read"),
        (b"Rar!\x1a\7", "a RAR archive"),
        (b"\x1f\x8b\x08\0", "a gzip archive"),
        (b"%!PS-Adobe-3.0", "a PostScript file"),
        (b"\xff\xfb\x90\x64" + bytes(60), "a sound or video recording"),
        (b"name" + bytes(253) + b"ustar\x0000", "a TAR archive"),
        (b"0\x82\x01\x00\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x02<?xml", "a signed or encrypted file"),
        (zipped({"Report/Index/Slide.iwa": "x"}), "an iWork document"),
        (zipped({"FixedDocumentSequence.fdseq": "x"}), "an XPS document"),
        (zipped({"FixedDocumentSequence.fdseq": "x"})[:-30], "an XPS document"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a sound or video recording"),
        (b"\0\0\0\x20ftypisom", "a sound or video recording"),
        (b"\x7fELF\x02\x01\x01", "a program"),
        (b"!<arch>\n" + b"words " * 9 + b"\0", "a program"),
        (b"words " * 20_000 + bytes(range(256)) * 400, "a binary file of an unknown kind"),
        (struct.pack("<400I", *range(400)) + b"\x01\x02" * 99, "a binary file of an unknown kind"),
        (bytes(range(256)) * 8, "a binary file of an unknown kind"),
        (OLE + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "a Word document of the old kind"),
        (ole({"Unheard of": b"x"}), "an Office file of an old kind"),
        (ole({"WordDocument": b"x"}), "a Word document of the old kind"),
        (ole({"VisioDocument": b"x"}), "a Visio drawing"),
        (zipped({"Index/Document.iwa": "x"}), "an iWork document"),
    ],
)
def test_what_cannot_be_read_is_named(kind_of: Callable[..., str], data: bytes, detected: str) -> None:
    with pytest.raises(errors.UnsupportedKind, match=f"This is {detected}"):
        kind_of(data, "report.docx")


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("application/epub+zip", "epub"),
        ("application/vnd.oasis.opendocument.text", "odt"),
        ("application/vnd.oasis.opendocument.text-template", "odt"),
        ("application/vnd.oasis.opendocument.presentation", "odp"),
        ("application/vnd.oasis.opendocument.graphics", "odp"),
        ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
        ("application/vnd.sun.xml.writer", "odt"),
        ("application/vnd.sun.xml.impress", "odp"),
        ("application/vnd.sun.xml.calc", "ods"),
    ],
)
def test_a_stated_type_counts_most(kind_of: Callable[..., str], media_type: str, kind: str) -> None:
    assert kind_of(typed(media_type, "word/document.xml")) == kind


def test_a_formula_is_named(kind_of: Callable[..., str]) -> None:
    with pytest.raises(errors.UnsupportedKind, match="This is an OpenDocument formula"):
        kind_of(typed("application/vnd.oasis.opendocument.formula", "content.xml"))


def test_an_archive_of_files_is_not_taken_for_one_of_them(kind_of: Callable[..., str]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:  # stored: the names inside the inner file stand there as they are
        archive.writestr("report.docx", docx(paragraph("x")))
    assert kind_of(out.getvalue()) == "zip"


def test_a_document_that_was_cut_off_is_still_one(kind_of: Callable[..., str]) -> None:
    assert kind_of(docx(paragraph("x" * 100))[:-30]) == "docx"


def test_data_in_memory_is_told_alike() -> None:
    assert sniff_data(pdf("x"), name="a.txt") == "pdf"
    with pytest.raises(errors.EmptyFile):
        sniff_data(b"", name="a.txt")


def typed(media_type: str, *members: str) -> bytes:
    """A ZIP that begins with its type, as ODF and EPUB do."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {"mimetype": media_type, **dict.fromkeys(members, "<x/>")}.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_an_old_container_without_its_directory_is_damaged(kind_of: Callable[..., str]) -> None:
    for data in (OLE + b"\0" * 600, OLE, ole({"Unheard of": b"x"})[:2000]):
        with pytest.raises(errors.Damaged):
            kind_of(data, "a.xls")


def test_a_sheet_inside_an_old_document_does_not_count(kind_of: Callable[..., str]) -> None:
    with pytest.raises(errors.UnsupportedKind, match="Word document"):
        kind_of(ole({"WordDocument": "Workbook".encode("utf-16-le")}))


def test_an_encrypted_word_file_is_told_apart_from_an_old_one(kind_of: Callable[..., str]) -> None:
    with pytest.raises(errors.Encrypted):
        kind_of(OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "a.docx")


def test_nothing_is_nothing(kind_of: Callable[..., str]) -> None:
    with pytest.raises(errors.EmptyFile):
        kind_of(b"", "a.pdf")


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "shift_jis", "iso2022_jp", "cp1252", "gb18030", "koi8-r"]
)
def test_no_encoding_of_text_is_taken_for_binary(kind_of: Callable[..., str], encoding: str) -> None:
    text = "日本語のテキスト。" if "jp" in encoding or "jis" in encoding else "Some words. "
    assert kind_of((text * 20).encode(encoding)) == "text"


def test_a_few_nuls_do_not_make_text_binary(kind_of: Callable[..., str]) -> None:
    assert kind_of(b"A line of text that somebody padded.\0\n" * 20) == "text"


@pytest.mark.parametrize(
    "data", [b" " * 10**6, b"<!--" * 20_000, b"<?xml " * 20_000, b"a: b\n" * 20_000, b"PK\3\4" + struct.pack("<Q", 1) * 10**5]
)
def test_it_is_quick_whatever_comes(kind_of: Callable[..., str], data: bytes) -> None:
    started = perf_counter()
    with suppress(errors.UnsupportedKind):
        kind_of(data)
    assert perf_counter() - started < 1


@pytest.mark.parametrize(("junk_bytes", "kind"), [(1019, "pdf"), (1020, "text")])
def test_a_pdf_says_so_near_its_beginning(kind_of: Callable[..., str], junk_bytes: int, kind: str) -> None:
    assert kind_of(b" " * junk_bytes + b"%PDF-1.7 and so on") == kind


def test_a_document_behind_large_pictures_is_one(kind_of: Callable[..., str]) -> None:
    pictures = {f"word/media/{number}.emf": urandom(200_000) for number in range(3)}
    data = zipped({**pictures, "word/document.xml": "<w:document/>"})
    assert len(data) > 500_000
    assert kind_of(data) == "docx"
    assert kind_of(zipped(pictures)) == "zip"


@pytest.mark.parametrize(("controls", "is_text"), [(5, True), (6, False)])
def test_a_few_control_characters_are_still_text(kind_of: Callable[..., str], controls: int, is_text: bool) -> None:
    data = b"\x01" * controls + b"x" * (100 - controls)
    if is_text:
        assert kind_of(data) == "text"
    else:
        with pytest.raises(errors.UnsupportedKind, match="binary"):
            kind_of(data)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_page_in_utf16_without_a_mark_is_a_page(kind_of: Callable[..., str], encoding: str) -> None:
    assert kind_of("<!DOCTYPE html><html><p>Some words.".encode(encoding)) == "html"
