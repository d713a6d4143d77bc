"""An Outlook message gives what any mail gives, from whichever of its bodies is there."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.budget import Budget
from apps.documents.parsing.compressed_rtf import unpacked
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import encrypted_pdf, pdf, read
from tests.documents.msg_files import Tree, attached, attached_message, message, ole_tree

HELLO = bytes.fromhex(  # the example of MS-OXRTFCP, 3.1.1
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
REPEATED = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")  # 3.1.2: a match that overlaps itself


def msg(tree: Tree) -> Parsed:
    return read(ole_tree(tree))


def test_a_message_says_who_wrote_to_whom_and_when() -> None:
    tree = message(
        subject="Größe",
        body="Dear Bob.",
        sender="Ada",
        address="ada@example.org",
        to="Bob",
        cc="Carl",
        sent=datetime(2024, 7, 1, 8, 30, tzinfo=UTC),
    )  # fmt: skip
    parsed = msg(tree)
    assert (parsed.kind, parsed.title) == ("msg", "Größe")
    assert parsed.places[0].text == (
        "From: Ada <ada@example.org>\nTo: Bob\nCc: Carl\nDate: 2024-07-01 08:30 UTC\nSubject: Größe\n\nDear Bob."
    )


@pytest.mark.parametrize(
    ("binary", "text"),
    [
        ({"1013": b"<p>Gr\xf6\xdfe <b>5</b>"}, "Größe 5"),
        ({"1009": HELLO}, "hello world"),
        ({"1009": b"\x10\0\0\0\x0f\0\0\0MELA\0\0\0\0{\\rtf1 as it is}"}, "as it is"),
        ({"1013": b"<p>page", "1009": HELLO}, "page"),
    ],
)
def test_without_plain_text_another_body_is_read(binary: dict[str, bytes], text: str) -> None:
    assert msg(message(subject="S", code_page=1252, binary=binary)).places[0].text == f"Subject: S\n\n{text}"


def test_plain_text_comes_first() -> None:
    assert msg(message(body="Plain.", binary={"1013": b"<p>page"})).places[0].text == "Plain."


@pytest.mark.parametrize(("code_page", "encoding"), [(932, "cp932"), (65001, "utf-8"), (50220, "iso2022_jp"), (1252, "utf-8")])
def test_texts_of_old_programs_are_read_in_their_code_page(code_page: int, encoding: str) -> None:
    tree = message(code_page=code_page, narrow={"0037": "日本語".encode(encoding), "1000": "本文です。".encode(encoding)})
    assert msg(tree).places[0].text == "Subject: 日本語\n\n本文です。"


def test_what_hangs_on_it_is_read() -> None:
    inner = message(attached("note.txt", b"Inmost words."), subject="Inner", body="Inner words.", inside=True)
    parsed = msg(message(attached("lease.pdf", pdf("Page one.")), attached_message(inner), subject="Outer", body="Words."))
    assert [(place.label, place.text.rpartition("\n")[2]) for place in parsed.places] == [
        ("", "Words."),
        ("attachment lease.pdf, page 1", "Page one."),
        ("attachment Inner", "Inner words."),
        ("attachment Inner, attachment note.txt", "Inmost words."),
    ]


def test_a_file_that_cannot_be_read_is_named_and_a_logo_is_not() -> None:
    tree = message(attached("..\\offer.pdf", encrypted_pdf("x")), attached("logo.png", b"\x89PNG\r\n", content_id="a@b"), body="Words.")
    assert msg(tree).warnings == ["Protected by a password and left out: “attachment offer.pdf”."]


def test_messages_in_messages_are_opened_three_deep() -> None:
    tree = message(body="Words 0.", inside=True)
    for number in range(1, 6):
        tree = message(attached_message(tree), body=f"Words {number}.", subject=f"S{number}", inside=number < 5)
    parsed = msg(tree)
    assert len(parsed.places) == 3
    assert parsed.warnings == ["Packed inside too many others and left out: “attachment S4, attachment S3, attachment S2”."]


def test_an_encrypted_one_says_so() -> None:
    with pytest.raises(errors.EncryptedMail):
        msg(message(attached("smime.p7m", b"abc"), message_class="IPM.Note.SMIME", subject="S"))


def test_without_anything_there_is_no_text() -> None:
    with pytest.raises(errors.NoText):
        msg(message(subject=""))


def test_every_damage_is_a_reason_or_a_text() -> None:
    whole = ole_tree(message(attached("note.txt", b"Some words."), subject="Subject", body="Words."))
    generator = random.Random(7)
    for _ in range(60):
        data = bytearray(whole[: generator.randrange(600, len(whole))] if generator.random() < 0.4 else whole)
        for _ in range(generator.randrange(1, 40)):
            data[generator.randrange(8, len(data))] = generator.randrange(256)
        try:
            assert read(bytes(data), "a.msg").places
        except errors.ParseError as error:
            assert not isinstance(error, errors.Crashed | errors.TimedOut | errors.OutOfMemory), data.hex()  # noqa: PT017


@pytest.mark.parametrize(
    ("packed", "text"),
    [(HELLO, rb"{\rtf1\ansi\ansicpg1252\pard hello world}" + b"\r\n"), (REPEATED, rb"{\rtf1 WXYZWXYZWXYZWXYZWXYZ}")],
)
def test_the_examples_of_the_specification(packed: bytes, text: bytes) -> None:
    assert unpacked(packed, Budget(Limits())) == text


def test_packed_text_that_lies_about_its_size_is_refused() -> None:
    with pytest.raises(errors.TooLargeInside):
        unpacked(HELLO[:4] + b"\xff\xff\xff\xff" + HELLO[8:], Budget(Limits()))


@pytest.mark.parametrize("packed", [b"", HELLO[:15], HELLO[:8] + b"ABCD" + HELLO[12:]])
def test_what_is_no_packed_text_is_damaged(packed: bytes) -> None:
    with pytest.raises(errors.Damaged):
        unpacked(packed, Budget(Limits()))


@pytest.mark.parametrize("end", range(16, len(HELLO)))
def test_packed_text_that_was_cut_off_is_read_as_far_as_it_goes(end: int) -> None:
    assert (rb"{\rtf1\ansi\ansicpg1252\pard hello world}" + b"\r\n").startswith(unpacked(HELLO[:end], Budget(Limits())))
