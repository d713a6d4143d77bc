"""Outlook messages: properties kept as streams of an OLE file (MS-OXMSG), each named by its number and its type."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import olefile

from apps.documents.parsing import html, rtf
from apps.documents.parsing.compressed_rtf import unpacked
from apps.documents.parsing.decode import decode
from apps.documents.parsing.errors import Damaged, EncryptedMail
from apps.documents.parsing.mail import Attachment, Mail, add_mail
from apps.documents.parsing.nested import Part, open_container, read_data
from apps.documents.parsing.places import Reading

SUBJECT, BODY, BODY_HTML, BODY_RTF = "0037", "1000", "1013", "1009"
SENDER, SENDER_ADDRESS, SENDER_SMTP, TO, CC = "0C1A", "0C1F", "5D01", "0E04", "0E03"
FILE_NAME, SHORT_FILE_NAME, CONTENT, CONTENT_ID, MESSAGE_CLASS = "3707", "3704", "3701", "3712", "001A"
SENT_AT, DELIVERED_AT, CODE_PAGE, INTERNET_CODE_PAGE = 0x0039, 0x0E06, 0x3FFD, 0x3FDE
_BROKEN = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, struct.error)
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")


def read(data: bytes, reading: Reading) -> None:
    """Add the mail's text, then what hangs on it. Raises Damaged, EncryptedMail."""
    with _damage_told():
        message = _Message(olefile.OleFileIO(io.BytesIO(data)), [])
    message.add_to(reading)


@contextmanager
def _damage_told() -> Iterator[None]:
    """What the library raises on broken files is of many kinds. Raises Damaged."""
    try:
        yield
    except _BROKEN as error:
        raise Damaged from error


class _Message:
    """One message: that of the file, or one that hangs on another, whose streams stand below `path`."""

    def __init__(self, file: olefile.OleFileIO[str], path: Sequence[str]) -> None:
        self._file = file
        self._path = list(path)
        self._properties = self._read_properties(24 if path else 32)

    def add_to(self, reading: Reading) -> None:
        """Add the mail's text, then what hangs on it. Raises Damaged, EncryptedMail."""
        with _damage_told():
            mail = Mail(self._headers(), self._text(SUBJECT), self._body(reading), list(self._attachments()))
        if not mail.body.strip() and "smime" in self._text(MESSAGE_CLASS).lower() and len(mail.attachments) <= 1:
            raise EncryptedMail
        add_mail(mail, reading)

    def _headers(self) -> dict[str, str]:
        address = self._text(SENDER_SMTP) or self._text(SENDER_ADDRESS)
        sender = self._text(SENDER)
        shown = f"{sender} <{address}>" if "@" in address and address != sender else sender or address
        return {"From": shown, "To": self._text(TO), "Cc": self._text(CC), "Date": self._date()}

    def _body(self, reading: Reading) -> str:
        """The plain text, else the HTML, else the RTF."""
        if (plain := self._text(BODY)).strip():
            return plain
        if page := self._stream(f"{BODY_HTML}0102") or self._text(BODY_HTML).encode():
            marked_up = decode(page, self._code_page(INTERNET_CODE_PAGE)).encode()
            return "\n\n".join(block.text for block in html.parse(marked_up)[1])
        packed = self._stream(f"{BODY_RTF}0102")
        return rtf.text_of(unpacked(packed, reading.budget)) if packed else ""

    def _attachments(self) -> Iterator[Attachment]:
        below = len(self._path)
        names = {
            entry[below] for entry in self._file.listdir(streams=False, storages=True) if entry[:below] == self._path and len(entry) > below
        }
        for storage in sorted(name for name in names if name.lower().startswith("__attach_version1.0_")):
            if attachment := self._attachment([*self._path, storage]):
                yield attachment

    def _attachment(self, path: list[str]) -> Attachment | None:
        hung = _Message(self._file, path)
        name = hung._text(FILE_NAME) or hung._text(SHORT_FILE_NAME)
        inner = [*path, f"__substg1.0_{CONTENT}000D"]
        if hung._text(CONTENT_ID) and name.lower().endswith(_PICTURES):
            return None  # the letterhead's logo is no file of anybody's
        if self._file.exists([*inner, "__properties_version1.0"]):
            return Attachment(_Message(self._file, inner)._text(SUBJECT) or "mail", _MessageReader(self._file, inner))
        return Attachment(name or "file", _FileReader(hung, name))

    def content(self) -> bytes:
        """What the attached file holds. Raises Damaged."""
        with _damage_told():
            return self._stream(f"{CONTENT}0102")

    def _text(self, number: str) -> str:
        wide = self._stream(f"{number}001F")
        if wide:
            return wide.decode("utf-16-le", errors="replace").rstrip("\0")
        return decode(self._stream(f"{number}001E"), self._code_page(CODE_PAGE)).rstrip("\0")

    def _stream(self, name: str) -> bytes:
        path = [*self._path, f"__substg1.0_{name}"]
        if not self._file.exists(path) or self._file.get_type(path) != olefile.STGTY_STREAM:
            return b""
        return bytes(self._file.openstream(path).read())

    def _read_properties(self, header_bytes: int) -> dict[int, bytes]:
        """The properties of fixed size by number: the eight bytes of each."""
        path = [*self._path, "__properties_version1.0"]
        if not self._file.exists(path):
            return {}
        data = self._file.openstream(path).read()
        starts = range(header_bytes, len(data) - 15, 16)
        return {struct.unpack_from("<H", data, at + 2)[0]: data[at + 8 : at + 16] for at in starts}

    def _code_page(self, number: int) -> str:
        """The name of a code page; "" where none is stated."""
        page = struct.unpack("<I", self._properties.get(number, bytes(8))[:4])[0]
        return {0: "", 20127: "ascii", 65001: "utf-8", 50220: "iso2022_jp", 51932: "euc_jp"}.get(page) or (
            f"iso8859-{page - 28590}" if 28591 <= page <= 28606 else f"cp{page}"
        )

    def _date(self) -> str:
        for number in (SENT_AT, DELIVERED_AT):
            ticks = struct.unpack("<Q", self._properties.get(number, bytes(8)))[0]
            if 0 < ticks < 10**18:
                return f"{_EPOCH + timedelta(microseconds=ticks // 10):%Y-%m-%d %H:%M} UTC"
        return ""


class _MessageReader:
    """Reads a message that hangs on another."""

    def __init__(self, file: olefile.OleFileIO[str], path: list[str]) -> None:
        self._file = file
        self._path = path

    def __call__(self, part: Part) -> None:
        open_container(part)
        with _damage_told():
            message = _Message(self._file, self._path)
        message.add_to(part)


class _FileReader:
    """Reads a file that hangs on a message."""

    def __init__(self, hung: _Message, name: str) -> None:
        self._hung = hung
        self._name = name

    def __call__(self, part: Part) -> None:
        read_data(self._hung.content(), self._name, part)
