"""Files that cannot be read, one for each reason there is, written on the spot."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.documents.files import docx, drawn_pdf, encrypted_pdf, packed_pdf, paragraph, pdf, zipped
from tests.documents.msg_files import message, ole_tree
from tests.documents.ole_files import ole
from tests.documents.pictures import picture

RAR = b"Rar!\x1a\7\0" + bytes(50)
MIB = 2**20


class BadFile(NamedTuple):
    """A file, the code of its reason, and the beginning of the sentence that a person is told."""

    name: str
    write: Callable[[], bytes]
    code: str
    sentence: str


def _gigabyte() -> bytes:
    """A page that is a megabyte packed, and a gigabyte unpacked."""
    packer = zlib.compressobj(9)
    return packed_pdf(b"".join(packer.compress(b" " * 10**6) for _ in range(1000)) + packer.flush())


def _archives(depth: int) -> bytes:
    """Sixteen archives that hold sixteen archives, and so on: 42.zip in small."""
    layer = zipped({"0.txt": bytes(5 * MIB)})
    for _ in range(depth):
        layer = zipped({f"{number}.zip": layer for number in range(16)})
    return layer


def slow_pdf() -> bytes:
    """A page that takes some seconds of the processor: 50 times its size when unpacked, all of it drawing."""
    return drawn_pdf(b"BT /F 11 Tf " + b"1 0 0 1 50 700 Tm (Some more words to place.) Tj " * 1_200_000 + b"ET")


TOO_DEEP = f"<w:p>{'<w:r>' * 30_000}"
NO_TEXT = "No text was found in this file."
PASSWORD = "This file is protected by a password. Save a copy without one"
DAMAGED = "This file is damaged or incomplete. Open it in its own program"
TOO_LARGE = "This file unpacks to more than may be read at once. Split it"
BAD_FILES = (
    BadFile("secret.pdf", lambda: encrypted_pdf("Secret."), "encrypted", PASSWORD),
    BadFile("secret.docx", lambda: ole({"EncryptedPackage": b"x"}), "encrypted", PASSWORD),
    BadFile("secret.zip", lambda: zipped({"a.pdf": encrypted_pdf("Secret.")}), "encrypted", PASSWORD),
    BadFile("sealed.msg", lambda: ole_tree(message(message_class="IPM.Note.SMIME")), "encrypted_mail", "This e-mail is encrypted."),
    BadFile("cut.pdf", lambda: b"%PDF-1.7\n" + b"lies " * 400, "damaged", DAMAGED),
    BadFile("cut.docx", lambda: docx(paragraph("Some words. " * 900))[:-300], "damaged", DAMAGED),
    BadFile("cut.zip", lambda: zipped({"a.txt": "Some words. " * 900})[:-30], "damaged", DAMAGED),
    BadFile("cut.msg", lambda: ole_tree(message(subject="S", body="Words."))[:1200], "damaged", DAMAGED),
    BadFile("cut.png", lambda: picture()[:2000], "damaged", DAMAGED),
    BadFile("bomb.zip", lambda: _archives(4), "packed_too_deeply", "This file is packed inside too many others."),
    BadFile("many.zip", lambda: zipped({f"{number}": "" for number in range(10_001)}), "too_large_inside", TOO_LARGE),
    BadFile("bomb.docx", lambda: docx(paragraph(" " * 60 * MIB)), "too_large_inside", TOO_LARGE),
    BadFile("deep.docx", lambda: docx(TOO_DEEP), "nested_too_deeply", "This file is nested too deeply"),
    BadFile("deep.json", lambda: b"[" * 10_000, "nested_too_deeply", "This file is nested too deeply"),
    BadFile("pages.pdf", lambda: pdf("One.").replace(b"/Count 1", b"/Count 30000"), "too_many_pages", "This file has more pages"),
    BadFile("gigabyte.pdf", _gigabyte, "out_of_memory", "Reading this file needs more memory than is allowed."),
    BadFile("slow.pdf", slow_pdf, "timed_out", "Reading this file took too long."),
    BadFile("tool.rar", lambda: RAR, "unsupported_kind", "This is a RAR archive. Unpack it"),
    BadFile("old.doc", lambda: ole({"WordDocument": b"x"}), "unsupported_kind", "This is a Word document of the old kind (.doc). Save it"),
    BadFile("lies.pdf", lambda: b"\x7fELF\2\1\1" + bytes(90), "unsupported_kind", "This is a program."),
    BadFile("noise.bin", lambda: bytes(range(256)) * 90, "unsupported_kind", "This is a binary file of an unknown kind."),
    BadFile("blank.txt", lambda: b" \n \n ", "no_text", NO_TEXT),
    BadFile("blank.docx", lambda: docx("<w:p/>"), "no_text", NO_TEXT),
    BadFile("blank.pdf", lambda: pdf("", ""), "no_text", NO_TEXT),
    BadFile("empty.zip", lambda: zipped({}), "empty_archive", "There are no files in this archive."),
    BadFile("tools.zip", lambda: zipped({"a.rar": RAR, "b.txt": ""}), "nothing_readable", "None of the files inside this one"),
)
UNREAD_PICTURE: Mapping[bool, tuple[str, str]] = {  # whether tesseract is installed
    True: ("no_words", "No words were found in this picture."),
    False: ("picture_unread", "This is a picture, and the program that reads words in pictures is not installed here."),
}
