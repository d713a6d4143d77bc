"""A ZIP gives the text of its files; what cannot be read is named with the reason, and spoils nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest

from apps.documents.parsing import errors, listening, readers
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.nested import NAME_MAX_CHARS, shown_name
from apps.documents.parsing.outcome import RESTARTS_MAX
from tests.documents.files import docx, drawn_pdf, encrypted_pdf, paragraph, pdf, read, zipped

RAR = b"Rar!\x1a\7\0"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def texts(data: bytes, limits: Limits | None = None) -> dict[str, str]:
    """Label to text."""
    return {place.label: place.text for place in read(data, limits=limits).places}


def stored(members: Mapping[str, bytes]) -> bytes:
    """A ZIP that packs nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_password(data: bytes) -> bytes:
    """The ZIP with each of its files marked as encrypted."""
    marked = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = marked.find(mark)
        while at >= 0:
            marked[at + offset] |= 1
            at = marked.find(mark, at + 4)
    return bytes(marked)


def test_files_are_read_in_order_each_as_its_kind() -> None:
    parsed = read(zipped({"b/lease.pdf": pdf("Page one.", "Page two."), "a.docx": docx(paragraph("Some words.")), "t.txt": "Plain."}))
    assert parsed.kind == "zip"
    assert [(place.number, place.kind, place.label, place.text) for place in parsed.places] == [
        (1, "page", "b/lease.pdf, page 1", "Page one."),
        (2, "page", "b/lease.pdf, page 2", "Page two."),
        (3, "text", "a.docx", "Some words."),
        (4, "text", "t.txt", "Plain."),
    ]
    assert (parsed.warnings, parsed.title) == ([], "")


def test_what_cannot_be_read_is_named_with_its_reason() -> None:
    members = {
        "offer.pdf": encrypted_pdf("x"),
        "cut.pdf": b"%PDF-1.7 cut",
        "tool.rar": RAR,
        "crane.png": PNG,
        "blank.txt": b" ",
        "no.txt": b"",
    }
    parsed = read(zipped({**members, "lease.txt": "The lease begins in July."}))
    assert [place.label for place in parsed.places] == ["lease.txt"]
    assert parsed.warnings == [
        "Protected by a password and left out: “offer.pdf”.",
        "Damaged and left out: “cut.pdf”.",
        "Of a kind that is not read: “tool.rar”.",
        "Pictures that were left out: “crane.png”. Upload them by themselves to have them read.",
        "Without text: “blank.txt”. A scan can be read if you upload it by itself.",
        "Empty: “no.txt”.",
    ]


def test_many_that_cannot_be_read_are_counted() -> None:
    (warning,) = read(zipped({**{f"{number}.rar": RAR for number in range(40)}, "a.txt": "Words."})).warnings
    assert warning == "Of a kind that is not read: “0.rar”, “1.rar”, “2.rar”, “3.rar”, “4.rar” and 35 more."


def test_a_warning_about_a_file_inside_names_it() -> None:
    assert read(zipped({"scan.pdf": pdf("One.", "", "Three.", "")})).warnings == ["scan.pdf: Pages 2 and 4 had no text."]


def test_with_nothing_readable_it_says_what_was_there() -> None:
    with pytest.raises(errors.NothingReadable) as caught:
        read(zipped({"a.rar": RAR, "b.pdf": encrypted_pdf("x")}))
    assert [notice.sentence() for notice in caught.value.notices] == [
        "Of a kind that is not read: “a.rar”.",
        "Protected by a password and left out: “b.pdf”.",
    ]


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"a.pdf": encrypted_pdf("x"), "b.pdf": encrypted_pdf("y")}, errors.Encrypted),
        ({"a.pdf": b"%PDF-1.7 cut"}, errors.Damaged),
        ({"a.txt": b"  "}, errors.NoText),
        ({"a.rar": RAR}, errors.NothingReadable),
        ({"a.zip": zipped({})}, errors.EmptyArchive),
        ({}, errors.EmptyArchive),
        ({"__MACOSX/._a.txt": b"x", ".DS_Store": b"x", "a/.git/HEAD": b"x", "a/Thumbs.db": b"x", "a/": b""}, errors.EmptyArchive),
    ],
)
def test_a_reason_that_all_share_is_that_of_the_whole(members: dict[str, bytes], error: type[errors.ParseError]) -> None:
    with pytest.raises(error) as caught:
        read(zipped(members))
    assert type(caught.value) is error


def test_a_password_is_told() -> None:
    with pytest.raises(errors.Encrypted):
        read(with_password(zipped({"a.txt": "Some words.", "b.txt": "More words."})))


def test_what_systems_leave_in_folders_is_passed_over() -> None:
    assert list(texts(zipped({"__MACOSX/x.txt": "x", ".hidden": "x", "a/.b/c.txt": "x", "a\\b.txt": "Words."}))) == ["a/b.txt"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\ada\\lease.pdf", "C:/Users/ada/lease.pdf"),
        ("..\\..\\x.txt", "x.txt"),
        ("a\0b.txt", "ab.txt"),
        ("a\nb.txt", "ab.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("./. /..", "file"),
        ("", "file"),
    ],
)
def test_a_name_is_only_a_label(name: str, label: str) -> None:
    assert shown_name(name) == label


def test_a_long_name_keeps_its_end() -> None:
    shown = shown_name("folder/" * 200 + "lease.pdf")
    assert len(shown) == NAME_MAX_CHARS
    assert shown.endswith("/lease.pdf")
    assert shown_name("x" * 1000 + ".pdf").endswith(".pdf")


def test_names_from_outside_leave_nothing_on_disk_and_are_read() -> None:
    parsed = read(zipped({"../../tmp/evil.txt": "Some words.", "/abs.txt": "More words."}))
    assert [place.label for place in parsed.places] == ["tmp/evil.txt", "abs.txt"]


def test_a_name_in_utf8_that_does_not_say_so_is_read_as_it_was_meant() -> None:
    named = bytearray(stored({"K\u00fcste.txt": b"Words."}))
    for mark, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        named[named.index(mark) + offset] &= ~8
    assert list(texts(bytes(named))) == ["K\u00fcste.txt"]


def test_two_files_of_one_name_are_both_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "First.")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "Second.")
    assert [place.text for place in read(out.getvalue()).places] == ["First.", "Second."]


def packed(data: bytes, times: int) -> bytes:
    for number in range(times, 0, -1):
        data = zipped({f"{number}.zip": data})
    return data


def test_archives_in_archives_are_opened_three_deep() -> None:
    inmost = zipped({"a.txt": "Words."})
    assert texts(packed(inmost, 2)) == {"1.zip, 2.zip, a.txt": "Words."}
    with pytest.raises(errors.PackedTooDeeply):
        read(packed(inmost, 3))


def test_a_bomb_of_archives_is_refused_quickly() -> None:
    layer = zipped({"0.txt": bytes(5 * MIB)})
    for _ in range(4):
        layer = zipped({f"{number}.zip": layer for number in range(16)})
    with pytest.raises(errors.PackedTooDeeply):
        read(layer, limits=Limits(wall_s=30))


def test_a_bomb_beside_a_letter_does_not_spoil_the_letter() -> None:
    parsed = read(zipped({"bomb.txt": bytes(30 * MIB), "letter.txt": "Dear Bob."}))
    assert [place.text for place in parsed.places] == ["Dear Bob."]
    assert parsed.warnings == ["Too large inside and left out: “bomb.txt”."]


def test_all_files_share_one_budget() -> None:
    limits = Limits(max_unpacked_bytes=1000)
    parsed = read(stored({"a.txt": b"a" * 600, "b.txt": b"b" * 600, "c.txt": b"c" * 300}), limits=limits)
    assert [place.label for place in parsed.places] == ["a.txt", "c.txt"]
    assert parsed.warnings == ["Too large inside and left out: “b.txt”."]


def test_inner_archives_draw_on_the_budget_too() -> None:
    inner = stored({"a.txt": b"a" * 400})
    with pytest.raises(errors.TooLargeInside):
        read(stored({"i.zip": inner}), limits=Limits(max_unpacked_bytes=len(inner) + 300))


def test_files_of_all_archives_are_counted_together() -> None:
    inner = zipped({f"{number}.txt": "Words." for number in range(4)})
    parsed = read(zipped({"a.zip": inner, "b.zip": inner}), limits=Limits(max_entries=7))
    assert len(parsed.places) == 5
    assert parsed.warnings == ["Too large inside and left out: “b.zip, 1.txt”, “b.zip, 2.txt” and “b.zip, 3.txt”."]


@pytest.mark.parametrize("count", [10_001])
def test_more_files_than_may_be_are_refused(count: int) -> None:
    with pytest.raises(errors.TooLargeInside):
        read(zipped({f"{number}": "" for number in range(count)}))


def test_text_that_is_too_much_is_read_as_far_as_it_goes() -> None:
    parsed = read(zipped({"a.txt": "a" * 80, "b.csv": "x,y\n" + "1,2\n" * 50, "c.txt": "c"}), limits=Limits(max_characters=100))
    assert [place.label for place in parsed.places] == ["a.txt", "c.txt"]


def crashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the reader of text end the child where a text asks for it, as a fault in a native library does."""
    deed = "import os; from apps.documents.parsing import text; whole = text.read;"
    deed += "text.read = lambda data, reading: os.kill(os.getpid(), 11) if b'CRASH' in data else whole(data, reading); "
    monkeypatch.setattr(readers, "_START", readers._START.replace("from apps", deed + "from apps", 1))
    monkeypatch.setattr(listening, "READERS", readers.Readers())


def test_a_file_that_ends_the_reader_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    crashing(monkeypatch)
    parsed = read(zipped({"a.txt": "First.", "b.txt": "CRASH", "c.txt": "Third."}))
    assert [(place.label, place.text) for place in parsed.places] == [("a.txt", "First."), ("c.txt", "Third.")]
    assert parsed.warnings == ["Left out, for reading failed: “b.txt”."]


def test_so_is_one_in_an_inner_archive_and_nothing_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    crashing(monkeypatch)
    inner = zipped({"1.txt": "One.", "2.txt": "CRASH", "3.rar": RAR, "4.txt": "Four."})
    parsed = read(zipped({"a.txt": "First.", "i.zip": inner, "b.txt": "CRASH", "c.rar": RAR, "d.txt": "Last."}))
    assert [place.text for place in parsed.places] == ["First.", "One.", "Four.", "Last."]
    assert parsed.warnings == [
        "Left out, for reading failed: “i.zip, 2.txt” and “b.txt”.",
        "Of a kind that is not read: “i.zip, 3.rar” and “c.rar”.",
    ]


def test_after_a_few_of_them_the_rest_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    crashing(monkeypatch)
    bad = {f"{number}.txt": "CRASH" for number in range(RESTARTS_MAX + 3)}
    parsed = read(zipped({"a.txt": "First.", **bad, "z.txt": "Last."}))
    assert [place.text for place in parsed.places] == ["First."]
    assert parsed.warnings[0] == f"The files after {RESTARTS_MAX}.txt were not read."


def test_where_nothing_else_was_read_the_whole_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    crashing(monkeypatch)
    with pytest.raises(errors.NothingReadable) as caught:
        read(zipped({"b.txt": "CRASH"}))
    assert [notice.sentence() for notice in caught.value.notices] == ["Left out, for reading failed: “b.txt”."]


def test_time_that_one_file_uses_up_is_not_the_others_fault() -> None:
    slow = drawn_pdf(b"BT /F 11 Tf " + b"1 0 0 1 50 700 Tm (Some more words to place.) Tj " * 1_200_000 + b"ET")
    parsed = read(zipped({"slow.pdf": slow, "letter.txt": "Dear Bob."}), limits=Limits(cpu_s=1, max_characters=10**9))
    assert [place.text for place in parsed.places] == ["Dear Bob."]
    assert parsed.warnings == ["Left out, for reading took too long: “slow.pdf”."]
