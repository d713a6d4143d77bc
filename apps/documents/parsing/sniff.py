"""What kind of file it is: by its bytes. A name decides only between kinds that look alike from inside."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path, PurePath
from typing import BinaryIO

from apps.documents.parsing.containers import ends, ole_names, zip_names
from apps.documents.parsing.decode import marked_encoding, unmarked_utf16
from apps.documents.parsing.errors import Damaged, EmptyFile, Encrypted, UnsupportedKind, gettext_noop
from apps.documents.parsing.places import Kind

PDF_MARK_WITHIN_BYTES = 1024
BINARY_SHARE = 0.05  # control characters in compressed data: 11 %; in text with a few stray NULs: below 1 %

POSTSCRIPT = b"%!PS"
_RECORDING = gettext_noop("This is a sound or video recording. Upload what is said in it as a text.")
_PROGRAM = gettext_noop("This is a program. There is nothing in it to read.")
_PICTURE = gettext_noop("This is a picture of a kind that is not read. Save it as PNG or JPEG and upload that.")
_BINARY = gettext_noop("This is a binary file of an unknown kind. Save it as PDF, text or CSV in its own program and upload that.")
_MAC_DOCUMENT = gettext_noop("This is an iWork document. Save it as PDF in its own program and upload that.")
_XPS = gettext_noop("This is an XPS document. Save it as PDF and upload that.")
_SIGNED = gettext_noop("This is a signed or encrypted file. Open it in its own program, save what it holds and upload that.")
_DRAWING = gettext_noop("This is a Visio drawing. Save it as PDF in its own program and upload that.")
_OLD_WORD = gettext_noop("This is a Word document of the old kind (.doc). Save it as .docx or PDF and upload that.")
_OLD_SLIDES = gettext_noop("This is a PowerPoint presentation of the old kind (.ppt). Save it as .pptx or PDF and upload that.")
_OLD_OFFICE = gettext_noop("This is an Office file of an old kind. Save it in a newer one or as PDF and upload that.")
_NO_TEXT_DOCUMENT = gettext_noop("This is an OpenDocument formula, chart or database. Save it as PDF in its own program and upload that.")
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", _PICTURE),
    (b"BM", _PICTURE),
    (b"8BPS", _PICTURE),
    (b"\xd7\xcd\xc6\x9a", _PICTURE),
    (b"FORM", _RECORDING),
    (b"FLV", _RECORDING),
    (b"MThd", _RECORDING),
    (b"\x1aE\xdf\xa3", _RECORDING),
    (b"0&\xb2u\x8ef\xcf\x11", _RECORDING),
    (b"\xff\xfb", _RECORDING),
    (b"\xff\xf3", _RECORDING),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"MSCF", gettext_noop("This is a CAB archive. Unpack it and upload the files, or pack them as ZIP.")),
    (b"\x1f\x8b", gettext_noop("This is a gzip archive. Unpack it and upload the files, or pack them as ZIP.")),
    (b"BZh", gettext_noop("This is a bzip2 archive. Unpack it and upload the files, or pack them as ZIP.")),
    (b"\xfd7zXZ\0", gettext_noop("This is an xz archive. Unpack it and upload the files, or pack them as ZIP.")),
    (b"7z\xbc\xaf'\x1c", gettext_noop("This is a 7-Zip archive. Unpack it and upload the files, or pack them as ZIP.")),
    (b"Rar!", gettext_noop("This is a RAR archive. Unpack it and upload the files, or pack them as ZIP.")),
    (b"(\xb5/\xfd", gettext_noop("This is a Zstandard archive. Unpack it and upload the files, or pack them as ZIP.")),
    (b"\x7fELF", _PROGRAM),
    (b"MZ\x90\0", _PROGRAM),
    (b"!<arch>\n", _PROGRAM),
    (POSTSCRIPT, gettext_noop("This is a PostScript file. Save it as PDF and upload that.")),
    (b"SQLite format 3\0", gettext_noop("This is a SQLite database. Export its tables as CSV and upload those.")),
    (b"GGUF", gettext_noop("This is a model file. Administrators install models on the page of models.")),
    (b"ID3", _RECORDING),
    (b"OggS", _RECORDING),
    (b".snd", _RECORDING),
    (b"fLaC", _RECORDING),
)
_TAR = gettext_noop("This is a TAR archive. Unpack it and upload the files, or pack them as ZIP.")
_SIGNED_DATA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07"  # PKCS #7
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PICTURE_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_ZIP_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"word/document\d*\.xml", "docx"),
    (r"ppt/presentation\d*\.xml", "pptx"),
    (r"xl/workbook\.bin", "xls"),  # the binary twin of XLSX; the reader of XLS takes it
    (r"xl/workbook\d*\.xml", "xlsx"),
    (r"META-INF/container\.xml", "epub"),
)
_ZIP_TYPES: tuple[tuple[bytes, Kind], ...] = (
    (b"application/epub+zip", "epub"),
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
    (b"application/vnd.oasis.opendocument.graphics", "odp"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"application/vnd.sun.xml.writer", "odt"),
    (b"application/vnd.sun.xml.impress", "odp"),
    (b"application/vnd.sun.xml.calc", "ods"),
)
_ZIP_UNREAD = (
    ((".iwa", "index.apxl", "buildVersionHistory.plist", "BuildVersionHistory.plist"), _MAC_DOCUMENT),
    ((".fdseq",), _XPS),
    (("visio/document.xml",), _DRAWING),
)
_OLE_KINDS: tuple[tuple[str, Kind], ...] = (("__properties_version1.0", "msg"), ("Workbook", "xls"), ("Book", "xls"))
_OLE_UNREAD = (
    ("WordDocument", _OLD_WORD),
    ("PowerPoint Document", _OLD_SLIDES),
    ("VisioDocument", _DRAWING),
)
_BEFORE_TAG = r"(?is)(?:\s++|<\?xml[^>]*+>|<!--.*?-->)*+<"
_HTML = re.compile(_BEFORE_TAG + r"(?:!doctype\s+html|html|head|body)[\s>]")
_HTML_PART = re.compile(_BEFORE_TAG + r"(?:p|div|table|h[1-6]|ul|ol|article|section|main|title|meta|style|center|span)[\s>]")
_XML_SHEETS = re.compile(
    r"\s*+<\?xml[^>]*+>\s*+(?:<\?mso-application[^>]*+>\s*+)?<(?:ss:)?Workbook\s[^>]*?urn:schemas-microsoft-com:office:spreadsheet"
)
_FLAT_ODF = re.compile(r"\s*+<\?xml[^>]*+>[^<]*+<office:document\s[^>]*?office:mimetype=\"([^\"]*)")
_ENVELOPE = re.compile(r"(?:>?From [^\n]*|\d{1,9} *+\r?)\n")  # of a mailbox; the number of bytes that Apple puts there
_MAILBOX = re.compile(r"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d[^\n]*\d{4}[ \t\r]*\n")
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,70}) *+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|$)")
_OF_MAILS_ONLY = frozenset({"mime-version", "message-id", "received", "return-path"})
_OBJECT = r"\{\s*+(?:\"[^\"\\\n]*+\"\s*+:|\}\s*+$)"
_JSON = re.compile(rf"\s*+(?:{_OBJECT}|\[\s*+{_OBJECT})")
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\b")) + b"\x7f"

_LOOK_ALIKES: dict[str, Kind] = {
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson", ".ipynb", ".geojson"), "json"),
}


def sniff(path: Path, *, name: str) -> Kind:
    """The kind of the file at `path`, uploaded as `name`. Reads some hundred kB of it.

    Raises Damaged, EmptyFile, Encrypted, UnsupportedKind.
    """
    with path.open("rb") as file:
        return _kind(file, name)


def sniff_data(data: bytes, *, name: str) -> Kind:
    """The kind of what is held in memory, such as a mail's attachment. Raises Damaged, EmptyFile, Encrypted, UnsupportedKind."""
    return _kind(BytesIO(data), name)


def _kind(file: BinaryIO, name: str) -> Kind:
    head, tail = ends(file)
    if not head:
        raise EmptyFile
    if b"%PDF-" in head[:PDF_MARK_WITHIN_BYTES]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(head, head + tail)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_kind(ole_names(file), head + tail)
    if head.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    if _is_image(head):
        return "image"
    if unread := _unread(head, tail):
        raise UnsupportedKind(unread)
    return _text_kind(_as_text(head), PurePath(name).suffix.lower())


def _zip_kind(head: bytes, seen: bytes) -> Kind:
    """By the type that its first member states, else by the names of its members, else by names seen anywhere: it is damaged then."""
    stated = head[38:138] if head[30:38] == b"mimetype" else b""
    for media_type, kind in _ZIP_TYPES:
        if stated.startswith(media_type):
            return kind
    if stated.startswith(b"application/vnd.oasis.opendocument."):
        raise UnsupportedKind(_NO_TEXT_DOCUMENT)
    names = zip_names(seen)

    def has(member: str) -> bool:
        return any(re.fullmatch(member, name) for name in names) if names else re.search(member.encode(), seen) is not None

    for member, kind in _ZIP_KINDS:
        if has(member):
            return kind
    if has(r"META-INF/manifest\.xml") and has(r"content\.xml"):
        return "odt"  # without its type in front; the reader of all OpenDocument looks inside
    listed = "\n".join(names) or seen.decode("latin-1")
    for marks, sentence in _ZIP_UNREAD:
        if any(mark in listed for mark in marks):
            raise UnsupportedKind(sentence)
    return "zip"


def _ole_kind(names: list[str], seen: bytes) -> Kind:
    """By its streams, else by names seen anywhere. Office encrypts its new kinds by wrapping them into this container of the old ones."""

    lowered = {name.lower() for name in names}

    def has(stream: str) -> bool:
        return stream.lower() in lowered if names else stream.encode("utf-16-le") in seen

    if has("EncryptedPackage"):
        raise Encrypted
    unread = next((sentence for stream, sentence in _OLE_UNREAD if has(stream)), "")
    if kind := next((kind for stream, kind in _OLE_KINDS if not unread and has(stream)), None):
        return kind
    if unread or names:
        raise UnsupportedKind(unread or _OLD_OFFICE)
    raise Damaged  # its directory is gone


def _is_image(head: bytes) -> bool:
    return head.startswith(_IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _unread(head: bytes, tail: bytes) -> str:
    """What this is and what to do instead, where it is no text; "" where it may be one."""
    for signature, sentence in _SIGNATURES:
        if head.startswith(signature) and (signature == POSTSCRIPT or _controls(head[:64])):
            return sentence
    if head[:4] == b"RIFF":
        return _RECORDING
    if head[257:262] == b"ustar":
        return _TAR
    if _SIGNED_DATA in head[:64]:
        return _SIGNED
    if head[4:8] == b"ftyp":
        return _PICTURE if head[8:12] in _PICTURE_BRANDS else _RECORDING
    if marked_encoding(head) or unmarked_utf16(head):
        return ""
    return _BINARY if any(_controls(part) > len(part) * BINARY_SHARE for part in (head, tail)) else ""


def _controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, _CONTROL_BYTES))


def _as_text(head: bytes) -> str:
    """Good enough to look for tags and headers, which are ASCII in every encoding that occurs."""
    encoding = marked_encoding(head) or unmarked_utf16(head) or "latin-1"
    return head.decode(encoding, errors="replace")


def _text_kind(text: str, suffix: str) -> Kind:
    if flat := _FLAT_ODF.match(text):
        return next((kind for media_type, kind in _ZIP_TYPES if flat[1].encode().startswith(media_type)), "text")
    if _XML_SHEETS.match(text):
        return "xls"
    if _HTML.match(text):
        return "html"
    if _is_mail(text):
        return "eml"
    if _JSON.match(text):
        return "json"
    if suffix in _LOOK_ALIKES:
        return _LOOK_ALIKES[suffix]
    return "html" if _HTML_PART.match(text) else "text"


def _is_mail(text: str) -> bool:
    """Whether it begins with the headers of a mail, after the line with which a mailbox begins each of its mails."""
    envelope = _ENVELOPE.match(text)
    at, names = envelope.end() if envelope else 0, set[str]()
    while header := _HEADER.match(text, at):
        at = header.end()
        names.add(header[1].lower())
    return bool(names & _OF_MAILS_ONLY or _MAILBOX.match(text)) or (names >= {"from", "subject"} and bool(names & {"to", "date"}))
