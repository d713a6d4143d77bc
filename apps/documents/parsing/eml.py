"""E-mails as they travel (RFC 5322, MIME): read with patience, for what programs send is often not what the standards say."""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from itertools import groupby

from apps.documents.parsing import html
from apps.documents.parsing.decode import decode
from apps.documents.parsing.errors import EncryptedMail, NothingReadable
from apps.documents.parsing.mail import Attachment, Mail, add_mail, is_stub
from apps.documents.parsing.nested import Part, open_container, read_data, read_inside, shown_name
from apps.documents.parsing.places import Reading

HEADERS = ("From", "To", "Cc", "Date")
_ENCODED_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*)\?=")
_BORDER = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S+ +[^\n]*\d\d:\d\d[^\n]*\d{4}[ \t\r]*\n")  # between the mails of a mailbox
_BYTE_COUNT = re.compile(rb"\A\d{1,9} *\r?\n")
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_SUFFIXES = {"text/csv": ".csv", "text/markdown": ".md", "application/json": ".json"}  # of kinds that look alike
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def read(data: bytes, reading: Reading) -> None:
    """Add the mail's text, then what hangs on it; of a mailbox each mail. Raises EncryptedMail, NothingReadable, PackedTooDeeply."""
    starts = [border.start() for border in _BORDER.finditer(data)]
    if len(starts) < 2:
        _read_message(_message(data), reading)
        return
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        _read_one_of_many(_message(data[start:end]), reading)
    if not reading.has_text:
        raise NothingReadable


def _message(data: bytes) -> Message:
    return BytesParser(policy=compat32).parsebytes(_BYTE_COUNT.sub(b"", data, count=1))


def _read_one_of_many(message: Message, reading: Reading) -> None:
    def read_it(part: Part) -> None:
        open_container(part)
        _read_message(message, part)

    read_inside(shown_name(header(message, "Subject") or "mail"), read_it, reading)


def _read_message(message: Message, reading: Reading) -> None:
    found = _Found()
    body = found.text_of(message)
    if found.is_sealed and not body.strip():
        raise EncryptedMail
    headers = {name: header(message, name) for name in HEADERS}
    add_mail(Mail(headers, header(message, "Subject"), body, found.attachments), reading)


class _Found:
    """What a walk through the parts of a mail comes upon beside its text."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []
        self.is_sealed = False

    def text_of(self, message: Message) -> str:
        """The text of a mail or of a part; files and further mails go to `attachments`."""
        kind = message.get_content_type()
        if kind == "multipart/encrypted" or kind in _SEALED:
            self.is_sealed = True
        elif kind == "multipart/alternative" and message.is_multipart():
            return self._best_of(_parts(message))
        elif kind == "message/rfc822":
            self._hang_on_mails(message)
        elif message.is_multipart():  # also what a mail server reports, whose parts are headers only
            return "\n\n".join(filter(None, map(self.text_of, _parts(message)))) or _fields(message)
        elif _is_file(message):
            self._hang_on(message, kind)
        elif kind == "text/html":
            return _html_text(message)
        elif kind.startswith(("text/", "multipart/")) and kind != "text/calendar":
            return _text(message)
        return ""

    def _best_of(self, versions: list[Message]) -> str:
        """The plain text, unless it only says that there is another; files stand beside any of them."""
        texts = [(version.get_content_type() == "text/plain", self.text_of(version)) for version in versions]
        plain = "\n\n".join(text for is_plain, text in texts if is_plain and text.strip())
        other = max((text for is_plain, text in texts if not is_plain), key=len, default="")
        return other if not plain or is_stub(plain, len(other)) else plain

    def _hang_on_mails(self, message: Message) -> None:
        for inner in _parts(message):

            def read_it(part: Part, inner: Message = inner) -> None:
                open_container(part)
                _read_message(inner, part)

            self.attachments.append(Attachment(header(inner, "Subject") or "mail", read_it))

    def _hang_on(self, message: Message, kind: str) -> None:
        if kind in _SIGNATURES or (message.get_content_maintype() == "image" and "Content-ID" in message):
            return  # the letterhead's logo is no file of anybody's
        name = _file_name(message) or f"{kind.replace('/', ' ')}{_SUFFIXES.get(kind, '')}"

        def read_it(part: Part) -> None:
            read_data(_payload(message), name, part)

        self.attachments.append(Attachment(name, read_it))


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _fields(message: Message) -> str:
    """The headers that a report's part consists of; none of a part that has a body."""
    if message.get_content_maintype() != "message":
        return ""
    return "\n\n".join("\n".join(f"{name}: {header(part, name)}" for name in dict.fromkeys(part.keys())) for part in _parts(message))


def _is_file(message: Message) -> bool:
    is_inline = message.get_content_maintype() in ("text", "multipart") and not _file_name(message)  # parts without a border are text
    return message.get_content_disposition() == "attachment" or not is_inline


def _file_name(message: Message) -> str:
    try:
        return decoded_words(message.get_filename() or "")
    except (ValueError, TypeError, LookupError):  # a name in numbered pieces, wrongly numbered
        return ""


def _payload(message: Message) -> bytes:
    payload = message.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(message: Message) -> str:
    try:
        return str(message.get_content_charset() or "")
    except (ValueError, TypeError, LookupError):
        return ""


def _text(message: Message) -> str:
    return decode(_payload(message), _charset(message))


def _html_text(message: Message) -> str:
    _, blocks = html.parse(_text(message).encode())
    return "\n\n".join(block.text for block in blocks)


def header(message: Message, name: str) -> str:
    """All headers called `name` as one line of text; what is not encoded is taken for what its bytes look like."""
    values = (value for key, value in message.raw_items() if key.lower() == name.lower())
    return ", ".join(decoded_words(str(value).encode("ascii", "surrogateescape")) for value in values)


def decoded_words(raw: str | bytes) -> str:
    """`raw` with its encoded words (RFC 2047) as text. Neighbours in one encoding are joined first: some cut within a character."""
    text = " ".join((decode(raw) if isinstance(raw, bytes) else raw).split())
    return "".join(_word_by_word(text))


def _word_by_word(text: str) -> Iterator[str]:
    at = 0
    for _, run in groupby(_runs(text), key=lambda word: word[0]):
        words = [word for _, word in run]
        between = text[at : words[0].start()]
        if not at or between.strip():
            yield between  # a space between two encoded words is there to tell them apart only
        at = words[-1].end()
        yield decode(b"".join(_word_bytes(word) for word in words), words[0][1])
    yield text[at:]


def _runs(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Each encoded word with the number of its run: those of one encoding with nothing but a space between."""
    number, before = 0, None
    for word in _ENCODED_WORD.finditer(text):
        if before and (text[before.end() : word.start()].strip() or word[1].lower() != before[1].lower()):
            number += 1
        before = word
        yield number, word


def _word_bytes(word: re.Match[str]) -> bytes:
    coded = word[3].encode("ascii", "replace")
    if word[2] in "qQ":
        return quopri.decodestring(coded, header=True)
    try:
        return binascii.a2b_base64(coded + b"=" * (-len(coded) % 4))
    except binascii.Error:
        return word[0].encode()
